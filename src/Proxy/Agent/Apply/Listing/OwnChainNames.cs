namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>
/// The iptables chains that the proxy makes (spec 1.3, 1.6). Others use names that begin with KUBE- as well: kubelet
/// (KUBE-KUBELET-CANARY), kube-router and k3s (KUBE-ROUTER-, KUBE-NWPLCY-, KUBE-POD-FW-), and rewrite theirs all the time.
/// </summary>
internal static class OwnChainNames
{
    private static readonly byte[][] s_names =
    [
        .. new[] { "SERVICES", "EXTERNAL-SERVICES", "NODEPORTS", "POSTROUTING", "MARK-MASQ", "FORWARD", "PROXY-FIREWALL", "PROXY-CANARY", "FIREWALL", "EGRESS-MASQ" }
            .Select(name => System.Text.Encoding.ASCII.GetBytes(name + "\0")),
        .. new[] { "SVC-", "SVL-", "SEP-", "EXT-", "FW-" }.Select(System.Text.Encoding.ASCII.GetBytes),
    ];

    /// <summary>Whether one of them appears in the attributes of a message, where texts end with a zero.</summary>
    public static bool AppearIn(ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> common = "KUBE-"u8;
        while (payload.IndexOf(common) is int found and >= 0)
        {
            payload = payload[(found + common.Length)..];
            foreach (byte[] name in s_names)
            {
                if (payload.StartsWith(name))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
