using System.Text;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Renderers.Iptables.Naming;

/// <summary>
/// The name of the nfacct object that counts connections of a service port, such as <c>NPX46M4PTMTKRN6Y-KPS4-SVC</c>. The hash
/// comes first because the kernel compares a name with those of all objects, one after the other, up to the first character that differs
/// (net/netfilter/nfnetlink_acct.c).
/// </summary>
/// <param name="Family">The family. Both families have their objects in the same list.</param>
/// <param name="Kind">What is counted.</param>
/// <param name="Hash">The hash in the names of the chains of the service port.</param>
public readonly record struct CounterName(IpFamily Family, CounterKind Kind, ChainHash Hash)
{
    /// <summary>The length of each name in bytes; the kernel's limit is 31.</summary>
    public const int TextLength = ChainHash.TextLength + 9;

    /// <summary>All kinds.</summary>
    public static ReadOnlySpan<CounterKind> Kinds =>
    [
        CounterKind.SentToCluster, CounterKind.SentToLocal, CounterKind.RefusedOfCluster, CounterKind.RefusedOfLocal, CounterKind.NoLocalEndpoints,
        CounterKind.SourceRangesOfCluster, CounterKind.SourceRangesOfLocal,
    ];

    /// <summary>Parses a name: 16 characters of base32 and a known ending.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CounterName name)
    {
        name = default;
        if (text.Length != TextLength)
        {
            return false;
        }

        Span<char> hash = stackalloc char[ChainHash.TextLength];
        Encoding.Latin1.GetChars(text[..ChainHash.TextLength], hash);
        if (!ChainHash.TryParse(hash, out ChainHash parsed))
        {
            return false;
        }

        foreach (IpFamily family in (ReadOnlySpan<IpFamily>)[IpFamily.IPv4, IpFamily.IPv6])
        {
            if (!text[ChainHash.TextLength..].StartsWith(EndingOf(family)))
            {
                continue;
            }

            foreach (CounterKind kind in Kinds)
            {
                if (text.EndsWith(TextOf(kind)))
                {
                    name = new(family, kind, parsed);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Writes the name.</summary>
    /// <param name="destination">At least <see cref="TextLength"/> bytes.</param>
    public void Format(Span<byte> destination)
    {
        Hash.Format(destination);
        EndingOf(Family).CopyTo(destination[ChainHash.TextLength..]);
        TextOf(Kind).CopyTo(destination[(TextLength - 3)..]);
    }

    /// <summary>The name.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextLength];
        Format(text);
        return Encoding.ASCII.GetString(text);
    }

    private static ReadOnlySpan<byte> EndingOf(IpFamily family) => family == IpFamily.IPv4 ? "-KPS4-"u8 : "-KPS6-"u8;

    private static ReadOnlySpan<byte> TextOf(CounterKind kind) => kind switch
    {
        CounterKind.SentToCluster => "SVC"u8,
        CounterKind.SentToLocal => "SVL"u8,
        CounterKind.RefusedOfCluster => "REC"u8,
        CounterKind.RefusedOfLocal => "REL"u8,
        CounterKind.NoLocalEndpoints => "NLE"u8,
        CounterKind.SourceRangesOfCluster => "FWC"u8,
        _ => "FWL"u8,
    };
}

/// <summary>What the counters of a service port count; <see cref="ServiceCounters"/> has where each of them is.</summary>
public enum CounterKind : byte
{
    /// <summary>Connections sent to an endpoint of the cluster.</summary>
    SentToCluster,

    /// <summary>Connections sent to an endpoint of this node under the policy Local.</summary>
    SentToLocal,

    /// <summary>Packets refused for want of endpoints under the policy Cluster.</summary>
    RefusedOfCluster,

    /// <summary>Packets refused for want of endpoints under the policy Local.</summary>
    RefusedOfLocal,

    /// <summary>Packets dropped for want of endpoints on this node under the policy Local.</summary>
    NoLocalEndpoints,

    /// <summary>Packets dropped because of their source, under the external policy Cluster.</summary>
    SourceRangesOfCluster,

    /// <summary>Packets dropped because of their source, under the external policy Local.</summary>
    SourceRangesOfLocal,
}
