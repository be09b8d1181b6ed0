using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>
/// Builds snapshots of the cluster state, each from the one before at a cost that follows the change. Owned by one writer.
/// </summary>
public sealed class RuleModelBuilder
{
    private readonly ClusterState _state;
    private FamilyBuilder _ipv4;
    private FamilyBuilder _ipv6;

    /// <summary>Starts with a snapshot without Services.</summary>
    /// <param name="state">The cluster state.</param>
    /// <param name="ipv4">The IPv4 settings.</param>
    /// <param name="ipv6">The IPv6 settings.</param>
    public RuleModelBuilder(ClusterState state, NodeSettings ipv4, NodeSettings ipv6)
    {
        _state = state;
        _ipv4 = new(state, ipv4);
        _ipv6 = new(state, ipv6);
    }

    /// <summary>The latest snapshot.</summary>
    public RuleModelSnapshot Current => new(_ipv4.Current, _ipv6.Current);

    /// <summary>Resets to a snapshot without Services, after an exception may have left an update half done.</summary>
    /// <param name="ipv4">The IPv4 settings.</param>
    /// <param name="ipv6">The IPv6 settings.</param>
    public void StartOver(NodeSettings ipv4, NodeSettings ipv6)
    {
        _ipv4 = new(_state, ipv4);
        _ipv6 = new(_state, ipv6);
    }

    /// <summary>Builds a snapshot of the whole state.</summary>
    public static RuleModelSnapshot Build(ClusterState state, NodeSettings ipv4, NodeSettings ipv6)
    {
        RuleModelBuilder builder = new(state, ipv4, ipv6);
        return builder.Update(state.ServiceNames, ipv4, ipv6).After;
    }

    /// <summary>
    /// Brings the snapshot up to date. With unchanged settings only the named Services are built again, and those that
    /// compete with them for a frontend; with changed settings all are, but those whose rules turn out equal are not
    /// reported as changed.
    /// </summary>
    /// <param name="changed">The Services that changed since, each once.</param>
    /// <param name="ipv4">The IPv4 settings.</param>
    /// <param name="ipv6">The IPv6 settings.</param>
    public RuleModelChange Update(IReadOnlyCollection<NamespacedName> changed, NodeSettings ipv4, NodeSettings ipv6) =>
        new(_ipv4.Update(changed, ipv4), _ipv6.Update(changed, ipv6));

    /// <summary>
    /// Reverts the last update of a family, because the kernel refused it; the next one starts from the state before. The
    /// caller has to name its Services as changed again.
    /// </summary>
    public void Undo(IpFamily family) => (family == IpFamily.IPv4 ? _ipv4 : _ipv6).Undo();

    /// <summary>The difference between two snapshots of the same node that were built independently.</summary>
    public static RuleModelChange Compare(RuleModelSnapshot before, RuleModelSnapshot after) =>
        new(ServiceDiff.Compare(before[IpFamily.IPv4], after[IpFamily.IPv4]), ServiceDiff.Compare(before[IpFamily.IPv6], after[IpFamily.IPv6]));
}
