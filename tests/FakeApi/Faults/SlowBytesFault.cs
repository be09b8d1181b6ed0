namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Sends the body one byte at a time, each in its own packet.</summary>
/// <param name="Pause">The time between two bytes; zero is as fast as single bytes go.</param>
public sealed record SlowBytesFault(TimeSpan Pause) : BodyFault;
