namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Ends the body after so many bytes: cleanly (as after a normal end of a watch), or with a reset.</summary>
/// <param name="Bytes">How many bytes still go out.</param>
/// <param name="Reset">Whether the stream is torn off.</param>
public sealed record CutFault(int Bytes, bool Reset) : BodyFault;
