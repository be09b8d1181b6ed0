using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// The kinds of packets by what conntrack knows of them: new ones, those of connections with each combination of rewritten
/// addresses, and the rest.
/// </summary>
[Flags]
internal enum ConnectionKinds : ushort
{
    None = 0,
    New = 1,
    Established = 2,
    EstablishedDnat = 4,
    EstablishedSnat = 8,
    EstablishedBoth = 16,
    Related = 32,
    RelatedDnat = 64,
    RelatedSnat = 128,
    RelatedBoth = 256,
    Invalid = 512,
    Untracked = 1024,
    All = 2047,
}

/// <summary>What rules see of each kind of packet.</summary>
internal static class ConnectionKindStates
{
    private static readonly ConnectionStates[] s_states =
    [
        ConnectionStates.New,
        ConnectionStates.Established,
        ConnectionStates.Established | ConnectionStates.Dnat,
        ConnectionStates.Established | ConnectionStates.Snat,
        ConnectionStates.Established | ConnectionStates.Dnat | ConnectionStates.Snat,
        ConnectionStates.Related,
        ConnectionStates.Related | ConnectionStates.Dnat,
        ConnectionStates.Related | ConnectionStates.Snat,
        ConnectionStates.Related | ConnectionStates.Dnat | ConnectionStates.Snat,
        ConnectionStates.Invalid,
        ConnectionStates.Untracked,
    ];

    /// <summary>The states of a kind; it must be one.</summary>
    public static ConnectionStates Of(ConnectionKinds kind) => s_states[System.Numerics.BitOperations.TrailingZeroCount((int)kind)];

    /// <summary>The kind that has some states; none if there is none.</summary>
    public static ConnectionKinds KindOf(ConnectionStates states) => (ConnectionKinds)(1 << Array.IndexOf(s_states, states));

    /// <summary>Those of some kinds that have one of some states.</summary>
    /// <param name="kinds">The kinds.</param>
    /// <param name="wanted">The states.</param>
    /// <param name="ofNew">What a new packet has by now besides <see cref="ConnectionStates.New"/>.</param>
    public static ConnectionKinds Having(ConnectionKinds kinds, ConnectionStates wanted, ConnectionStates ofNew)
    {
        ConnectionKinds having = ConnectionKinds.None;
        for (int index = 0; index < s_states.Length; index++)
        {
            ConnectionKinds kind = (ConnectionKinds)(1 << index);
            ConnectionStates states = s_states[index] | (kind == ConnectionKinds.New ? ofNew : ConnectionStates.None);
            having |= (kinds & kind) != 0 && (states & wanted) != ConnectionStates.None ? kind : ConnectionKinds.None;
        }

        return having;
    }
}
