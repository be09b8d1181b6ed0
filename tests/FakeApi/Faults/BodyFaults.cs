namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault of the bytes of an answer to a list or a watch.</summary>
public abstract record BodyFault : Fault;

/// <summary>Ends the body after so many bytes: cleanly (as after a normal end of a watch), or with a reset.</summary>
/// <param name="Bytes">How many bytes still go out.</param>
/// <param name="Reset">Whether the stream is torn off.</param>
public sealed record CutFault(int Bytes, bool Reset) : BodyFault;

/// <summary>Sends the body one byte at a time, each in its own packet.</summary>
/// <param name="Pause">The time between two bytes; zero is as fast as single bytes go.</param>
public sealed record SlowBytesFault(TimeSpan Pause) : BodyFault;

/// <summary>Sends so many bytes and then nothing more, with the stream left open, until the faults are cleared.</summary>
/// <param name="Bytes">How many bytes still go out.</param>
public sealed record StallFault(int Bytes) : BodyFault;
