using System.Buffers.Text;
using System.Numerics;
using System.Text;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>A chain for all frontends of one shape: how many endpoints it spreads over is in its name and its rule.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="ClusterSize">Number of slots in the Cluster group.</param>
/// <param name="LocalSize">Number of slots in the Local group; 0 for kinds that have none.</param>
internal readonly record struct SharedChain(SharedChainKind Kind, int ClusterSize, int LocalSize) : IComparable<SharedChain>
{
    private const int MostPrepared = 64;

    /// <summary>The kinds that a single number identifies; there would be too many of the others.</summary>
    private static readonly SharedChainKind[] s_prepared =
        [SharedChainKind.Cluster, SharedChainKind.External, SharedChainKind.NodePortCluster, SharedChainKind.NodePort];

    /// <summary>The chain that frontends of a shape go to.</summary>
    public static SharedChain Of(FrontendShape shape) => (shape.Kind, shape.Policy) switch
    {
        (FrontendKind.ClusterIP, _) => new(SharedChainKind.Cluster, shape.ClusterSize, 0),
        (FrontendKind.NodePort, TrafficPolicy.Cluster) => new(SharedChainKind.NodePort, shape.ClusterSize, 0),
        (FrontendKind.NodePort, _) => new(SharedChainKind.NodePortLocal, shape.ClusterSize, shape.LocalSize),
        (_, TrafficPolicy.Cluster) => new(SharedChainKind.External, shape.ClusterSize, 0),
        _ => new(SharedChainKind.ExternalLocal, shape.ClusterSize, shape.LocalSize),
    };

    /// <summary>
    /// The chains of a table whose frontends have some shapes, those that others go to first. Chains for the numbers of
    /// endpoints below and a little above those in use are among them: an endpoint that comes or goes then moves elements
    /// only, while for a new rule nft first reads the whole table back.
    /// </summary>
    public static SortedSet<SharedChain> Needed(EquatableArray<FrontendShape> shapes)
    {
        SortedSet<SharedChain> needed = [];
        foreach (FrontendShape shape in shapes)
        {
            SharedChain chain = Of(shape);
            needed.Add(chain);
            if (chain.Kind is SharedChainKind.ExternalLocal or SharedChainKind.NodePortLocal)
            {
                needed.Add(chain.ShortCut);
            }
        }

        Span<int> largest = stackalloc int[(int)SharedChainKind.NodePortLocal + 1];
        foreach (SharedChain chain in needed)
        {
            largest[(int)chain.Kind] = Math.Max(largest[(int)chain.Kind], chain.ClusterSize);
        }

        foreach (SharedChainKind kind in s_prepared)
        {
            int prepared = Math.Min(MostPrepared, (int)BitOperations.RoundUpToPowerOf2((uint)largest[(int)kind]));
            for (int size = 1; size <= prepared; size++)
            {
                needed.Add(new(kind, size, 0));
            }
        }

        return needed;
    }

    /// <summary>Where a chain with policy Local sends pods and the node itself.</summary>
    public SharedChain ShortCut =>
        new(Kind == SharedChainKind.ExternalLocal ? SharedChainKind.Cluster : SharedChainKind.NodePortCluster, ClusterSize, 0);

    /// <inheritdoc/>
    public int CompareTo(SharedChain other) => (Kind, ClusterSize, LocalSize).CompareTo((other.Kind, other.ClusterSize, other.LocalSize));

    /// <summary>Writes the name.</summary>
    /// <returns>The number of bytes.</returns>
    public int Format(Span<byte> destination)
    {
        ReadOnlySpan<byte> prefix = Kind switch
        {
            SharedChainKind.Cluster => "cluster-"u8,
            SharedChainKind.External => "external-"u8,
            SharedChainKind.ExternalLocal => "external-local-"u8,
            SharedChainKind.NodePortCluster => "nodeport-cluster-"u8,
            SharedChainKind.NodePort => "nodeport-"u8,
            _ => "nodeport-local-"u8,
        };
        prefix.CopyTo(destination);
        int length = prefix.Length + Digits(ClusterSize, destination[prefix.Length..]);
        if (Kind is SharedChainKind.ExternalLocal or SharedChainKind.NodePortLocal)
        {
            destination[length++] = (byte)'-';
            length += Digits(LocalSize, destination[length..]);
        }

        return length;
    }

    /// <summary>The name.</summary>
    public override string ToString()
    {
        Span<byte> name = stackalloc byte[64];
        return Encoding.ASCII.GetString(name[..Format(name)]);
    }

    private static int Digits(int number, Span<byte> destination) =>
        Utf8Formatter.TryFormat(number, destination, out int length) ? length : throw new ArgumentException("there is no room for a number", nameof(destination));
}

/// <summary>The kinds of chains that frontends of many Services share.</summary>
internal enum SharedChainKind : byte
{
    /// <summary>Spreads over the map of endpoints, by address. For cluster IPs, and for short cuts.</summary>
    Cluster,

    /// <summary>The same for external addresses with policy Cluster: masqueraded.</summary>
    External,

    /// <summary>External addresses with policy Local: short cuts for pods and the node, then the local map.</summary>
    ExternalLocal,

    /// <summary>Spreads over the map of endpoints by node port. For short cuts.</summary>
    NodePortCluster,

    /// <summary>Node ports with policy Cluster: masqueraded.</summary>
    NodePort,

    /// <summary>Node ports with policy Local.</summary>
    NodePortLocal,
}
