using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>What a walk has to know of the node besides its rules.</summary>
/// <param name="localAddresses">The addresses on the node's interfaces.</param>
public sealed class NodeView(IEnumerable<IpAddress> localAddresses)
{
    private readonly HashSet<IpAddress> _local = [.. localAddresses];
    private readonly AddressRange[] _localRanges =
    [
        .. AddressRanges.Normalize(localAddresses.Select(AddressRange.Of).Append(AddressRange.Of(IpPrefix.Parse("127.0.0.0/8"))).Append(AddressRange.Of(IpAddress.FromBits(1)))),
    ];

    /// <summary>The addresses of a family on the node's interfaces, as ranges, with all of 127.0.0.0/8 or ::1.</summary>
    public AddressRange[] LocalRanges(IpFamily family) => Array.FindAll(_localRanges, range => IpAddress.FromBits(range.First).Family == family);

    /// <summary>Whether packets to an address are delivered on this node.</summary>
    public bool IsLocal(IpAddress address) => address.IsLoopback || _local.Contains(address);
}
