namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Ends the watch cleanly; at its start this is the immediate end that client-go calls a very short watch.</summary>
public sealed record EndFault : WatchFault;
