namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Sends the first half of the next event's frame and ends the watch.</summary>
/// <param name="Reset">Whether the stream is torn off rather than ended.</param>
public sealed record HalfFrameFault(bool Reset) : WatchFault;
