namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What becomes of traffic.</summary>
public enum Disposition : byte
{
    /// <summary>It goes on as it is: the rules do nothing to it.</summary>
    Passes,

    /// <summary>It is sent to endpoints.</summary>
    Forwarded,

    /// <summary>It is refused.</summary>
    Rejected,

    /// <summary>It is dropped.</summary>
    Dropped,

    /// <summary>One or the other of these, by chance or by something that is not understood.</summary>
    Mixed,
}
