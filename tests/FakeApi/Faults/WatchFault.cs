namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault of the events of a watch. A running watch takes it at once.</summary>
public abstract record WatchFault : Fault;
