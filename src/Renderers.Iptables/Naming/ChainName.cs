using System.Text;

namespace KubeProxySharp.Renderers.Iptables.Naming;

/// <summary>The name of a per-service chain.</summary>
/// <param name="Kind">What the chain is for.</param>
/// <param name="Hash">The hash of its service port, or of the endpoint of one.</param>
public readonly record struct ChainName(ChainKind Kind, ChainHash Hash)
{
    /// <summary>The longest name in bytes; the kernel's limit is 28.</summary>
    public const int MaxTextLength = 9 + ChainHash.TextLength;

    /// <summary>The prefix of the names of a kind.</summary>
    public static ReadOnlySpan<byte> PrefixOf(ChainKind kind) => kind switch
    {
        ChainKind.External => "KUBE-EXT-"u8,
        ChainKind.Firewall => "KUBE-FW-"u8,
        ChainKind.Endpoint => "KUBE-SEP-"u8,
        ChainKind.Service => "KUBE-SVC-"u8,
        _ => "KUBE-SVL-"u8,
    };

    /// <summary>Parses a name: a known prefix and 16 characters of base32.</summary>
    public static bool TryParse(string text, out ChainName name)
    {
        foreach (ChainKind kind in (ReadOnlySpan<ChainKind>)[ChainKind.External, ChainKind.Firewall, ChainKind.Endpoint, ChainKind.Service, ChainKind.Local])
        {
            string prefix = Encoding.ASCII.GetString(PrefixOf(kind));
            if (text.StartsWith(prefix, StringComparison.Ordinal) && ChainHash.TryParse(text.AsSpan(prefix.Length), out ChainHash hash))
            {
                name = new(kind, hash);
                return true;
            }
        }

        name = default;
        return false;
    }

    /// <summary>Writes the name.</summary>
    /// <param name="destination">At least <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int Format(Span<byte> destination)
    {
        ReadOnlySpan<byte> prefix = PrefixOf(Kind);
        prefix.CopyTo(destination);
        Hash.Format(destination[prefix.Length..]);
        return prefix.Length + ChainHash.TextLength;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Encoding.ASCII.GetString(PrefixOf(Kind)) + Hash;
}

/// <summary>The kinds of per-service chains of the nat table (spec 1.3).</summary>
public enum ChainKind : byte
{
    /// <summary>KUBE-EXT: entry for all external destinations.</summary>
    External,

    /// <summary>KUBE-FW: load-balancer source ranges.</summary>
    Firewall,

    /// <summary>KUBE-SEP: one endpoint of one service port.</summary>
    Endpoint,

    /// <summary>KUBE-SVC: dispatch to the endpoints of the cluster.</summary>
    Service,

    /// <summary>KUBE-SVL: dispatch to the endpoints of this node.</summary>
    Local,
}
