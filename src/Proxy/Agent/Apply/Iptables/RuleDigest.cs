namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// A sum over the rules of kube-proxy in a text of iptables-save, whatever their order among chains. Rules of others count
/// for nothing, and neither do those of KUBE-FIREWALL, which the kubelet writes too. A rule of a built-in chain counts once:
/// two agents that start at the same moment both insert the jump rules, and a jump does no harm twice.
/// </summary>
internal sealed class RuleDigest
{
    private readonly HashSet<ulong> _jumps = [];
    private ulong _table;

    /// <summary>Number of rules and the sum of their hashes.</summary>
    public (int Rules, ulong Sum) Value { get; private set; }

    /// <summary>Adds a line, without its end.</summary>
    public void Take(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("*"u8))
        {
            _table = LineHash.Append(LineHash.Empty, line);
        }
        else if (line.StartsWith("-A "u8) && IsOurs(line))
        {
            ulong hash = LineHash.Append(_table, line);
            if (line.StartsWith("-A KUBE-"u8) || _jumps.Add(hash))
            {
                Value = (Value.Rules + 1, Value.Sum + hash);
            }
        }
    }

    private static bool IsOurs(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> kube = "KUBE-"u8;
        int at = line.IndexOf(kube);
        ReadOnlySpan<byte> name = at < 0 ? default : line[(at + kube.Length)..];
        return at >= 0
            && !name.StartsWith("FIREWALL "u8)
            && !name.SequenceEqual("FIREWALL"u8)
            && !name.StartsWith("KUBELET-"u8)
            && !name.StartsWith("IPTABLES-HINT"u8)
            && !name.StartsWith("ROUTER-"u8)
            && !name.StartsWith("NWPLCY-"u8)
            && !name.StartsWith("POD-FW-"u8);
    }
}
