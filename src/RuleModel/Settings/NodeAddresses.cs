using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>The node's own address of each family and the primary family (spec 7.4).</summary>
/// <param name="Primary">The primary family.</param>
/// <param name="IPv4">The IPv4 address; 127.0.0.1 when unknown.</param>
/// <param name="IPv6">The IPv6 address; ::1 when unknown.</param>
public sealed record NodeAddresses(IpFamily Primary, IpAddress IPv4, IpAddress IPv6)
{
    /// <summary>The address of a family.</summary>
    public IpAddress this[IpFamily family] => family == IpFamily.IPv4 ? IPv4 : IPv6;

    /// <summary>Finds the addresses from the Node object and the bind address.</summary>
    /// <param name="node">The Node, or null when it is not known.</param>
    /// <param name="bindAddress"><c>bindAddress</c> of the configuration.</param>
    public static NodeAddresses Find(Node? node, string bindAddress)
    {
        NodeAddresses found = new(IpFamily.IPv4, IpAddress.FromIPv4(0x7F000001), IpAddress.FromBits(1));
        if (node is not null)
        {
            found = found.WithFirstOf(node);
        }

        bool overrides = IpAddress.TryParse(bindAddress, out IpAddress bound) && !bound.IsUnspecified;
        return overrides ? found.With(bound) with { Primary = bound.Family } : found;
    }

    private NodeAddresses WithFirstOf(Node node)
    {
        NodeAddresses found = this;
        IpAddress? first = null;
        foreach (string type in (ReadOnlySpan<string>)["InternalIP", "ExternalIP"])
        {
            foreach (NodeAddress candidate in node.Addresses)
            {
                if (!string.Equals(candidate.Type, type, StringComparison.Ordinal)
                    || !IpAddress.TryParse(candidate.Address, out IpAddress address))
                {
                    continue;
                }

                if (first is null)
                {
                    first = address;
                    found = found.With(address) with { Primary = address.Family };
                }
                else if (address.Family != first.Value.Family)
                {
                    return found.With(address);
                }
            }
        }

        return found;
    }

    private NodeAddresses With(IpAddress address) =>
        address.IsIPv4 ? this with { IPv4 = address } : this with { IPv6 = address };
}
