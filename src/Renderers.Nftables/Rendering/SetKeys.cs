using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>What the keys of the sets and maps are made of.</summary>
internal static class SetKeys
{
    /// <summary>Of cluster-ips and nodeport-ips.</summary>
    public const KeyFields Address = KeyFields.DestinationAddress;

    /// <summary>Of maps by frontend address.</summary>
    public const KeyFields Frontend = Address | KeyFields.Protocol | KeyFields.DestinationPort;

    /// <summary>Of maps by node port.</summary>
    public const KeyFields NodePort = KeyFields.Protocol | KeyFields.DestinationPort;

    /// <summary>Of hairpin-connections.</summary>
    public const KeyFields Connection = KeyFields.SourceAddress | Frontend;

    /// <summary>Those of the set or map with a name; none for affinity sets, whose elements rules add.</summary>
    public static KeyFields Of(ReadOnlySpan<byte> set)
    {
        if (set.SequenceEqual("cluster-ips"u8) || set.SequenceEqual("nodeport-ips"u8))
        {
            return Address;
        }

        if (set.SequenceEqual("hairpin-connections"u8))
        {
            return Connection;
        }

        if (set.StartsWith(CountingSets.Prefix))
        {
            return Frontend;
        }

        foreach (ElementMap map in ElementMaps.All)
        {
            foreach (TransportProtocol protocol in ElementMaps.Protocols)
            {
                if (set.SequenceEqual(map.Name(protocol)))
                {
                    return map.Key();
                }
            }
        }

        return KeyFields.None;
    }
}
