namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Answers the watch with an ERROR event 410 Expired and ends it; injected for many times it is a storm.</summary>
public sealed record ExpiredFault : WatchFault;
