namespace KubeProxySharp.Proxy.Configuration;

/// <summary>A configuration with what the strict reading objected to.</summary>
/// <param name="Value">The configuration.</param>
/// <param name="StrictProblems">Unknown and repeated fields; the configuration was read without them.</param>
internal sealed record LoadedConfiguration(KubeProxyConfiguration Value, IReadOnlyList<string> StrictProblems)
{
    /// <summary>What to say of the documents of other kinds in the file, which were left out.</summary>
    public IReadOnlyList<string> OtherDocuments { get; init; } = [];
}
