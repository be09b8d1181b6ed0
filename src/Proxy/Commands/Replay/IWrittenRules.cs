namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>
/// Rules of a family as the transactions of the agent leave them, without a kernel: only what these transactions contain is understood.
/// </summary>
internal interface IWrittenRules
{
    /// <summary>Carries out a transaction that replaces everything.</summary>
    /// <exception cref="FormatException">It has something that is not understood, or that the kernel would refuse.</exception>
    void Replace(string text);

    /// <summary>Carries out an update.</summary>
    /// <exception cref="FormatException">It has something that is not understood, or that the kernel would refuse.</exception>
    void Update(string text);

    /// <summary>The first difference from rules of the same kind, in words; null if there is none.</summary>
    string? DifferenceFrom(IWrittenRules expected);
}
