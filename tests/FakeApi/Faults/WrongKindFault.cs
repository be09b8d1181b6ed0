namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Puts an ADDED of another kind into the stream.</summary>
public sealed record WrongKindFault : WatchFault;
