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
