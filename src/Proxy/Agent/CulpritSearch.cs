using KubeProxySharp.Proxy.Appliers;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>
/// Finds the Services whose rules the kernel refuses, by trying halves of the suspects. A trial changes nothing in the
/// kernel, so the others keep their rules meanwhile.
/// </summary>
/// <param name="state">The cluster state.</param>
/// <param name="applier">Tries rules.</param>
/// <param name="ipv4">The IPv4 settings.</param>
/// <param name="ipv6">The IPv6 settings.</param>
internal sealed class CulpritSearch(ClusterState state, IRuleApplier applier, NodeSettings ipv4, NodeSettings ipv6)
{
    /// <summary>A search that needs more trials has met something else than single bad Services.</summary>
    private const int MostTrials = 250;

    private readonly List<(NamespacedName Service, string Error)> _found = [];
    private int _trials;
    private bool _isInconclusive;

    /// <summary>Searches.</summary>
    /// <returns>The Services with what the kernel said; none when it refuses rules without any Service, or takes them all now.</returns>
    public async Task<IReadOnlyList<(NamespacedName Service, string Error)>> FindAsync(
        IReadOnlyCollection<NamespacedName> suspects,
        CancellationToken cancellation)
    {
        NamespacedName[] ordered = [.. suspects.Order()];
        if (ordered.Length == 0 || (await TryAsync(ArraySegment<NamespacedName>.Empty, cancellation)).Outcome != ApplyOutcome.Applied)
        {
            return [];
        }

        await SearchAsync(ordered, cancellation);
        return _isInconclusive ? [] : _found;
    }

    private async Task SearchAsync(ArraySegment<NamespacedName> suspects, CancellationToken cancellation)
    {
        if (_isInconclusive)
        {
            return;
        }

        ApplyResult result = await TryAsync(suspects, cancellation);
        if (result.Outcome == ApplyOutcome.Unavailable || ++_trials > MostTrials)
        {
            _isInconclusive = true;
        }
        else if (result.Outcome == ApplyOutcome.Refused && suspects.Count == 1)
        {
            _found.Add((suspects[0], result.Error));
        }
        else if (result.Outcome == ApplyOutcome.Refused)
        {
            int half = suspects.Count / 2;
            await SearchAsync(suspects[..half], cancellation);
            await SearchAsync(suspects[half..], cancellation);
        }
    }

    private Task<ApplyResult> TryAsync(ArraySegment<NamespacedName> services, CancellationToken cancellation)
    {
        RuleModelBuilder builder = new(state, ipv4, ipv6);
        RuleModelChange change = builder.Update(services, ipv4, ipv6);
        return applier.TryAsync(change.After[applier.Family], cancellation);
    }
}
