using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Reads the configuration of egress masquerade again whenever its content has changed. It looks at the content, at the interval
/// that the configuration names: that works for files written in place, for files that are replaced, and for ConfigMap volumes.
/// A content that cannot be used is reported once, and the last good one stays in force.
/// </summary>
/// <param name="path">The file, which may be missing.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class EgressConfigurationWatch(string path, ILogger log, TimeProvider time)
{
    /// <summary>The file is not looked at more often, whatever <c>resyncInterval</c> is.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait that a timer takes, about 49 days.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private EgressConfiguration _current = EgressConfiguration.Default;
    private byte[]? _content;
    private string _unreadable = "";
    private bool _isRead;

    /// <summary>What is in force: ip-masq-agent's defaults until a content that can be used was read.</summary>
    public EgressPolicy Policy => _current.Policy;

    /// <summary>Looks again and again until cancelled.</summary>
    /// <param name="changed">Receives each new policy.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Action<EgressPolicy> changed, CancellationToken cancellation)
    {
        while (true)
        {
            TimeSpan interval = _current.ResyncInterval;
            await Task.Delay(interval < s_shortest ? s_shortest : interval > s_longest ? s_longest : interval, time, cancellation);
            EgressPolicy before = Policy;
            Look();
            if (Policy != before)
            {
                changed(Policy);
            }
        }
    }

    /// <summary>Looks once.</summary>
    public void Look()
    {
        byte[]? content;
        try
        {
            content = EgressConfiguration.TryReadBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_unreadable != e.Message)
            {
                LogUnreadable(path, e.Message, InForce);
            }

            _unreadable = e.Message;
            return;
        }

        _unreadable = "";
        if (_isRead && IsSame(content, _content))
        {
            return;
        }

        bool isFirst = !_isRead;
        (_isRead, _content) = (true, content);
        try
        {
            EgressConfiguration read = content is null ? EgressConfiguration.Default : EgressConfiguration.Read(content, path);
            foreach (string warning in read.Warnings)
            {
                LogWarning(warning);
            }

            _current = read;
            string ranges = string.Join(", ", Policy.NonMasqueradeCidrs.AsSpan().ToArray());
            LogRead(content is null ? $"{path} does not exist, ip-masq-agent's defaults apply" : $"read {path}", ranges.Length == 0 ? "nowhere" : "to " + ranges);
        }
        catch (ConfigurationException e)
        {
            LogRefused(e.Message, isFirst ? "ip-masq-agent's defaults apply until it can be used" : "the last good configuration stays in force");
        }
    }

    private string InForce => _isRead ? "the last good configuration stays in force" : "ip-masq-agent's defaults apply until it can be read";

    private static bool IsSame(byte[]? one, byte[]? other) => one is null || other is null ? ReferenceEquals(one, other) : one.AsSpan().SequenceEqual(other);

    [LoggerMessage(EventId = 5090, Level = LogLevel.Information, Message = "Egress masquerade: {What}; pods keep their address {Where}")]
    private partial void LogRead(string what, string where);

    [LoggerMessage(EventId = 5091, Level = LogLevel.Error, Message = "Egress masquerade: {Reason}; {InForce}")]
    private partial void LogRefused(string reason, string inForce);

    [LoggerMessage(EventId = 5092, Level = LogLevel.Error, Message = "Egress masquerade: {File} cannot be read: {Reason}; {InForce}")]
    private partial void LogUnreadable(string file, string reason, string inForce);

    [LoggerMessage(EventId = 5093, Level = LogLevel.Warning, Message = "Egress masquerade: {Warning}")]
    private partial void LogWarning(string warning);
}
