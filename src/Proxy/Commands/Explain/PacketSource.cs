using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What <c>--from</c> names: an address, a Pod, the node, or a client outside of the cluster.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Address">The address, when one is named.</param>
/// <param name="Pod">The Pod, when one is named.</param>
internal sealed record PacketSource(PacketSourceKind Kind, IpAddress? Address, NamespacedName? Pod)
{
    private const string PodPrefix = "pod:";

    /// <summary>Parses the text of the option.</summary>
    /// <exception cref="InputException">It is none of these.</exception>
    public static PacketSource Parse(string text)
    {
        if (text is "node" or "outside")
        {
            return new(text == "node" ? PacketSourceKind.Node : PacketSourceKind.Outside, null, null);
        }

        if (text.StartsWith(PodPrefix, StringComparison.Ordinal))
        {
            string[] parts = text[PodPrefix.Length..].Split('/');
            return parts is [{ Length: > 0 } space, { Length: > 0 } name]
                ? new(PacketSourceKind.Pod, null, new NamespacedName(space, name))
                : throw new InputException($"--from {text}: name the Pod as pod:NAMESPACE/NAME");
        }

        return IpAddress.TryParse(text.Trim('[', ']'), out IpAddress address)
            ? new(PacketSourceKind.Address, address, null)
            : throw new InputException($"--from {text}: give an address, pod:NAMESPACE/NAME, node or outside");
    }
}

/// <summary>What a packet's source was given as.</summary>
internal enum PacketSourceKind : byte
{
    Address,

    Pod,

    /// <summary>The node itself.</summary>
    Node,

    /// <summary>A client outside of the cluster.</summary>
    Outside,
}
