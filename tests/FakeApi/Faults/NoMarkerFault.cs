namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Ends a streaming list before its end marker.</summary>
public sealed record NoMarkerFault : WatchFault;
