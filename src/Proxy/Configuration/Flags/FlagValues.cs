using System.Buffers;
using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>Readers of values that only kube-proxy's flags have. Each throws <see cref="FlagException"/> with the reason.</summary>
internal static class FlagValues
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    /// <summary>An address, or nothing: then the default stays (spec 11.3).</summary>
    public static string ReadAddress(string text, string byDefault)
    {
        if (text.Length == 0)
        {
            return byDefault;
        }

        return IpAddress.TryParse(text, out _) ? text : throw new FlagException($"{GoText.Quote(text)} is not a valid IP address");
    }

    /// <summary>An address with or without a port, or nothing: then the default stays (spec 11.3, a quirk).</summary>
    public static string ReadAddressAndPort(string text, string byDefault)
    {
        if (text.Length == 0 || IpAddress.TryParse(text, out _))
        {
            return text.Length == 0 ? byDefault : text;
        }

        if (!HostPort.TrySplit(text, out string host, out string port))
        {
            throw new FlagException($"{GoText.Quote(text)} is not in a valid format (ip or ip:port)");
        }

        if (!IpAddress.TryParse(host, out _))
        {
            throw new FlagException($"{GoText.Quote(host)} is not a valid IP address");
        }

        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? text
            : throw new FlagException($"{GoText.Quote(port)} is not a valid number");
    }

    /// <summary>Feature gates: <c>Name=true,Other=false</c>; a repeated flag goes on with the map.</summary>
    public static FeatureGate[] ReadGates(string text, FeatureGate[]? earlier)
    {
        List<FeatureGate> gates = [.. earlier ?? []];
        foreach (string pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw new FlagException("malformed pair, expect string=bool");
            }

            string name = pair[..equals].Trim();
            string value = pair[(equals + 1)..].Trim();
            bool isEnabled;
            try
            {
                isEnabled = GoNumber.ReadBoolean(value);
            }
            catch (FlagException e)
            {
                throw new FlagException($"invalid value of {name}: {value}, err: {e.Message}");
            }

            gates.RemoveAll(gate => string.Equals(gate.Name, name, StringComparison.Ordinal));
            gates.Add(new FeatureGate(name, isEnabled));
        }

        gates.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return [.. gates];
    }

    public static string WriteGates(FeatureGate[] gates) =>
        string.Join(',', gates.Select(gate => $"{gate.Name}={(gate.IsEnabled ? "true" : "false")}"));

    /// <summary>Verbosity by source: <c>pattern=N,other=N</c>; a repeated flag goes on with the list.</summary>
    public static VerbosityRule[] ReadVmodule(string text, VerbosityRule[]? earlier)
    {
        List<VerbosityRule> rules = [.. earlier ?? []];
        foreach (string pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
            {
                throw new FlagException($"{GoText.Quote(pair)} does not have the pattern=N format");
            }

            try
            {
                rules.Add(new VerbosityRule(parts[0], GoNumber.ReadLevel(parts[1])));
            }
            catch (FlagException e)
            {
                throw new FlagException($"parsing verbosity in {GoText.Quote(pair)}: {e.Message}");
            }
        }

        return [.. rules];
    }

    public static string WriteVmodule(VerbosityRule[] rules) => string.Join(',', rules.Select(rule => $"{rule.FilePattern}={rule.Verbosity}"));

    /// <summary>A quantity of bytes: <c>512</c>, <c>64Ki</c>, <c>1M</c>.</summary>
    public static string ReadQuantity(string text)
    {
        int digits = text.AsSpan().IndexOfAnyExcept(s_digits);
        ReadOnlySpan<char> number = digits < 0 ? text : text.AsSpan(0, digits);
        ReadOnlySpan<char> unit = digits < 0 ? "" : text.AsSpan(digits);
        bool isNumber = decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);
        return isNumber && unit is "" or "k" or "K" or "Ki" or "M" or "Mi" or "G" or "Gi" or "T" or "Ti" or "P" or "Pi" or "E" or "Ei"
            ? text
            : throw new FlagException("quantities are numbers of bytes such as 512, 64Ki or 1M");
    }

    /// <summary><c>true</c>, <c>false</c>, <c>raw</c>, or a version to report instead of the own one.</summary>
    public static string ReadVersion(string text)
    {
        if (text is "raw" || (text.StartsWith('v') && text.Length > 1))
        {
            return text;
        }

        return GoNumber.ReadBoolean(text) ? "true" : "false";
    }
}
