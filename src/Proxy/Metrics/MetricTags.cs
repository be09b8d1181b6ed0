using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Labels that several metrics have, made once.</summary>
internal static class MetricTags
{
    /// <summary>The label that tells families apart.</summary>
    public const string Family = "ip_family";

    private static readonly KeyValuePair<string, object?> s_ipv4 = new(Family, "IPv4");
    private static readonly KeyValuePair<string, object?> s_ipv6 = new(Family, "IPv6");

    /// <summary>The label of a family: <c>IPv4</c> or <c>IPv6</c>.</summary>
    public static KeyValuePair<string, object?> Of(IpFamily family) => family == IpFamily.IPv4 ? s_ipv4 : s_ipv6;
}
