using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>
/// Records which service ports claim each frontend and resolves conflicts deterministically: a service port with endpoints
/// comes before one without, and then the order of names decides.
/// </summary>
internal sealed class FrontendIndex
{
    private readonly Dictionary<FrontendKey, Claim> _claims = [];
    private readonly Dictionary<FrontendKey, SortedSet<Claim>> _contested = [];
    private readonly HashSet<NamespacedName> _affected = [];

    /// <summary>Returns and clears the list of Services that won or lost a frontend because of another Service.</summary>
    public IReadOnlyList<NamespacedName> TakeAffected()
    {
        if (_affected.Count == 0)
        {
            return [];
        }

        NamespacedName[] affected = [.. _affected];
        _affected.Clear();
        return affected;
    }

    public void Add(ServiceRules service) => ForEach(service, Add);

    public void Remove(ServiceRules service) => ForEach(service, Remove);

    /// <summary>Whether a service port has precedence for a frontend.</summary>
    public bool IsWinner(ServicePortRules port, Frontend frontend) =>
        _contested.Count == 0
        || !_contested.TryGetValue(FrontendKey.Of(port, frontend), out SortedSet<Claim>? claims)
        || claims.Min.Name == port.Name;

    private static void ForEach(ServiceRules service, Action<FrontendKey, Claim> action)
    {
        foreach (ServicePortRules port in service.Ports)
        {
            Claim claim = new(port.Name, port.Endpoints.HasEndpoints);
            for (int index = 0; index < port.FrontendCount; index++)
            {
                if (!port.IsRepeated(index))
                {
                    action(FrontendKey.Of(port, port.FrontendAt(index)), claim);
                }
            }
        }
    }

    private void Add(FrontendKey key, Claim claim)
    {
        if (_claims.TryAdd(key, claim))
        {
            return;
        }

        if (!_contested.TryGetValue(key, out SortedSet<Claim>? claims))
        {
            claims = [_claims[key]];
            _contested.Add(key, claims);
        }

        Claim winner = claims.Min;
        claims.Add(claim);
        AddAffected(winner, claims.Min);
    }

    private void Remove(FrontendKey key, Claim claim)
    {
        if (!_contested.TryGetValue(key, out SortedSet<Claim>? claims))
        {
            _claims.Remove(key);
            return;
        }

        Claim winner = claims.Min;
        claims.Remove(claim);
        AddAffected(winner, claims.Min);
        if (claims.Count == 1)
        {
            _claims[key] = claims.Min;
            _contested.Remove(key);
        }
    }

    private void AddAffected(Claim before, Claim after)
    {
        if (before != after)
        {
            _affected.Add(before.Name.Service);
            _affected.Add(after.Name.Service);
        }
    }

    private readonly record struct Claim(ServicePortName Name, bool HasEndpoints) : IComparable<Claim>
    {
        public int CompareTo(Claim other) =>
            HasEndpoints != other.HasEndpoints ? (HasEndpoints ? -1 : 1) : Name.CompareTo(other.Name);
    }
}

/// <summary>The packet fields that identify a frontend. Two service ports with the same key are in conflict.</summary>
/// <param name="Address">The destination; the default value for node ports.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="IsNodePort">Whether the destination is any address of the node.</param>
internal readonly record struct FrontendKey(IpAddress Address, ushort Port, TransportProtocol Protocol, bool IsNodePort)
{
    public static FrontendKey Of(ServicePortRules port, Frontend frontend) =>
        new(frontend.Address, frontend.Port, port.Name.Protocol, frontend.Kind == FrontendKind.NodePort);
}
