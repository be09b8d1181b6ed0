namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault in the bytes of the answer to a list or a watch.</summary>
public abstract record BodyFault : Fault;

/// <summary>Ends the body after a number of bytes: cleanly (as at the normal end of a watch), or with a reset.</summary>
/// <param name="Bytes">The number of bytes that are sent.</param>
/// <param name="Reset">Whether the stream is reset.</param>
public sealed record CutFault(int Bytes, bool Reset) : BodyFault;

/// <summary>Sends the body one byte at a time, each in its own packet.</summary>
/// <param name="Pause">The time between two bytes; zero for no pause.</param>
public sealed record SlowBytesFault(TimeSpan Pause) : BodyFault;

/// <summary>Sends a number of bytes and then nothing more, with the stream left open, until the faults are cleared.</summary>
/// <param name="Bytes">The number of bytes that are sent.</param>
public sealed record StallFault(int Bytes) : BodyFault;
