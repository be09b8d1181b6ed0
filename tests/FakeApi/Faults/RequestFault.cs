namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault that takes the place of the whole answer.</summary>
public abstract record RequestFault : Fault
{
    /// <summary>The verb it is for (get, list, watch, create, patch), or null for all.</summary>
    public string? Verb { get; init; }
}
