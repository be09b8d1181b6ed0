namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault of the bytes of an answer to a list or a watch.</summary>
public abstract record BodyFault : Fault;
