namespace KubeProxySharp.Proxy.Configuration;

/// <content>The logging section.</content>
internal sealed partial class ConfigurationValidator
{
    /// <summary>What is wrong with the logging section alone, which counts before there is a log (spec 11.6).</summary>
    public static IReadOnlyList<string> ValidateLogging(KubeProxyConfiguration configuration)
    {
        ConfigurationValidator validator = new(configuration);
        validator.CheckLogging();

        // Here the paths begin with the section: there is no larger object around it.
        return [.. validator._errors.Select(error => error[Root.Length..])];
    }

    private void CheckLogging()
    {
        KubeProxyConfiguration.LoggingConfiguration logging = _configuration.Logging;
        if (logging.Format is not ("text" or "json"))
        {
            Invalid("logging.format", logging.Format, "Unsupported log format");
        }

        if (logging.FlushFrequency <= TimeSpan.Zero)
        {
            Invalid("logging.flushFrequency", GoDuration.Format(logging.FlushFrequency), "must be greater than 0");
        }

        if (logging.Verbosity < 0)
        {
            Invalid("logging.verbosity", logging.Verbosity, NotNegative);
        }

        if (logging.Format is not "text" && !logging.Vmodule.IsEmpty)
        {
            Invalid("logging.vmodule", "", "Only supported for text log format");
        }

        for (int index = 0; index < logging.Vmodule.Length; index++)
        {
            string pattern = logging.Vmodule[index].FilePattern;
            if (pattern.Length == 0 || pattern.AsSpan().ContainsAny('=', ','))
            {
                Invalid($"logging.vmodule[{index}]", pattern, "File pattern must not be empty, nor contain an equal sign or a comma");
            }
        }

        bool isAlphaUsed = logging.Text != new KubeProxyConfiguration.LoggingOptions() || logging.Json != new KubeProxyConfiguration.LoggingOptions();
        if (isAlphaUsed && !FeatureGates.IsEnabled(_configuration, FeatureGates.LoggingAlphaOptions, byDefault: false))
        {
            Invalid("logging.options", "", "need the feature gate LoggingAlphaOptions");
        }
    }
}
