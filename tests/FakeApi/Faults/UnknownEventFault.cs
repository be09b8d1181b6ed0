namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Puts an event of a type nobody knows into the stream.</summary>
/// <param name="EventType">The type.</param>
public sealed record UnknownEventFault(string EventType = "RENAMED") : WatchFault;
