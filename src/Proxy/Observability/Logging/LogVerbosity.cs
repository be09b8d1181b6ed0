using KubeProxySharp.RuleModel.Collections;
using Microsoft.Extensions.Logging;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// What is logged at which <c>-v</c>: Information and above always, Debug from 2 on, Trace from 4 on. The level may be
/// changed while the program runs (<c>/debug/flags/v</c>, spec 10.3).
/// </summary>
/// <param name="level">The level of <c>-v</c>.</param>
/// <param name="rules">Other levels for categories whose names match; the first match counts.</param>
internal sealed class LogVerbosity(int level, EquatableArray<VerbosityRule> rules)
{
    private const int DebugLevel = 2;
    private const int TraceLevel = 4;

    private volatile int _level = level;

    /// <summary>The level of <c>-v</c>.</summary>
    public int Level
    {
        get => _level;
        set => _level = value;
    }

    /// <summary>The lowest <c>-v</c> at which a message is logged; 0 if it always is.</summary>
    public static int LevelOf(LogLevel logLevel) => logLevel switch
    {
        LogLevel.Trace => TraceLevel,
        LogLevel.Debug => DebugLevel,
        _ => 0,
    };

    /// <summary>The rule for a category; null if <see cref="Level"/> applies.</summary>
    public VerbosityRule? RuleFor(string source)
    {
        foreach (VerbosityRule rule in rules)
        {
            if (System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(rule.FilePattern, source, ignoreCase: true))
            {
                return rule;
            }
        }

        return null;
    }

    /// <summary>Whether a message is logged.</summary>
    public bool IsEnabled(LogLevel logLevel, VerbosityRule? rule) =>
        logLevel != LogLevel.None && LevelOf(logLevel) <= (rule is null ? _level : rule.Verbosity);
}
