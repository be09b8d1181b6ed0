namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Tests that measure the memory of this process: nothing else may run in it meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
