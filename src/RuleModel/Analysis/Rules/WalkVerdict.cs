namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>How a packet leaves a chain, and the whole walk.</summary>
public enum WalkVerdict : byte
{
    /// <summary>Back to the chain before; in the end the policy decides.</summary>
    Return,

    /// <summary>Goes on.</summary>
    Accept,

    /// <summary>Vanishes.</summary>
    Drop,

    /// <summary>Is refused with an error.</summary>
    Reject,
}
