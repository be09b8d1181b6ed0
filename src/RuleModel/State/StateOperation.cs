using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// What a caller does to a <see cref="ClusterState"/> besides adding and removing objects. A recording has these too, since the
/// rules that follow from the same objects depend on them.
/// </summary>
public enum StateOperation : byte
{
    /// <summary><see cref="ClusterState.Quarantine"/>.</summary>
    Quarantine,

    /// <summary><see cref="ClusterState.HoldBack"/>.</summary>
    HoldBack,

    /// <summary><see cref="ClusterState.HoldBackIn"/> both families.</summary>
    HoldBackInBoth,

    /// <summary><see cref="ClusterState.HoldBackIn"/> IPv4 only.</summary>
    HoldBackInIPv4,

    /// <summary><see cref="ClusterState.HoldBackIn"/> IPv6 only.</summary>
    HoldBackInIPv6,

    /// <summary><see cref="ClusterState.HoldBackIn"/> no family.</summary>
    HoldBackInNone,

    /// <summary><see cref="ClusterState.Admit"/>.</summary>
    Admit,

    /// <summary><see cref="ClusterState.Touch"/>.</summary>
    Touch,

    /// <summary><see cref="ClusterState.Prove"/>.</summary>
    Prove,

    /// <summary><see cref="ClusterState.DoubtAll"/>.</summary>
    DoubtAll,

    /// <summary><see cref="ClusterState.ReleaseAll"/>.</summary>
    ReleaseAll,
}

/// <summary>Carries out operations that were recorded.</summary>
public static class StateOperations
{
    /// <summary>Carries out an operation.</summary>
    /// <param name="state">The state.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="name">The Service; not used by operations on all of them.</param>
    public static void Apply(this ClusterState state, StateOperation operation, NamespacedName name)
    {
        switch (operation)
        {
            case StateOperation.Quarantine:
                state.Quarantine(name);
                break;
            case StateOperation.HoldBack:
                state.HoldBack(name);
                break;
            case StateOperation.HoldBackInBoth:
                state.HoldBackIn(ipv4: true, ipv6: true);
                break;
            case StateOperation.HoldBackInIPv4:
                state.HoldBackIn(ipv4: true, ipv6: false);
                break;
            case StateOperation.HoldBackInIPv6:
                state.HoldBackIn(ipv4: false, ipv6: true);
                break;
            case StateOperation.HoldBackInNone:
                state.HoldBackIn(ipv4: false, ipv6: false);
                break;
            case StateOperation.Admit:
                state.Admit(name);
                break;
            case StateOperation.Touch:
                state.Touch(name);
                break;
            case StateOperation.Prove:
                state.Prove();
                break;
            case StateOperation.DoubtAll:
                state.DoubtAll();
                break;
            case StateOperation.ReleaseAll:
                state.ReleaseAll();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation));
        }
    }
}
