namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Sends every event of the watch twice from now on.</summary>
public sealed record RepeatFault : WatchFault;
