namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Sends so many bytes and then nothing more, with the stream left open, until the faults are cleared.</summary>
/// <param name="Bytes">How many bytes still go out.</param>
public sealed record StallFault(int Bytes) : BodyFault;
