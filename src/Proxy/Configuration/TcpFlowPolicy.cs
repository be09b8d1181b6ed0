using KubeProxySharp.Proxy.Configuration.Flags;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>What happens to TCP connections whose endpoint left its Service; the values of <c>--conntrack-tcp</c>.</summary>
/// <param name="CloseAfter">How long such a connection may still live; null when it is left alone, as kube-proxy leaves it.</param>
internal readonly record struct TcpFlowPolicy(TimeSpan? CloseAfter)
{
    private const string KeepText = "keep";
    private const string CloseText = "close-after=";

    /// <summary>Connections are left alone.</summary>
    public static TcpFlowPolicy Keep => default;

    /// <summary>Reads <c>keep</c> or <c>close-after=30s</c>.</summary>
    /// <exception cref="FlagException">The text is neither.</exception>
    public static TcpFlowPolicy Read(string text)
    {
        if (text == KeepText)
        {
            return Keep;
        }

        bool isTime = text.StartsWith(CloseText, StringComparison.Ordinal);
        return isTime && GoDuration.TryParse(text.AsSpan(CloseText.Length), out TimeSpan after) && after > TimeSpan.Zero
            ? new(after)
            : throw new FlagException("it is keep, or close-after= with a duration above 0 such as 30s");
    }

    /// <summary>As one gives it.</summary>
    public override string ToString() => CloseAfter is { } after ? CloseText + GoDuration.Format(after) : KeepText;
}
