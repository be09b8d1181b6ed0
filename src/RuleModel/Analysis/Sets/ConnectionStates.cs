namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>States and status bits of a connection that rules match.</summary>
[Flags]
public enum ConnectionStates : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The first packet of a connection.</summary>
    New = 1,

    /// <summary>Of a connection with packets in both directions.</summary>
    Established = 2,

    /// <summary>Of a connection that is related to another one.</summary>
    Related = 4,

    /// <summary>Of no valid connection.</summary>
    Invalid = 8,

    /// <summary>Of a connection whose destination was rewritten.</summary>
    Dnat = 16,

    /// <summary>Of a connection whose source was rewritten.</summary>
    Snat = 32,

    /// <summary>Not tracked.</summary>
    Untracked = 64,
}
