namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Ends the request without an answer: over HTTP/2 the stream is reset, over HTTP/1.1 the connection.</summary>
/// <param name="Connection">Resets the whole connection in either case.</param>
public sealed record ResetFault(bool Connection = false) : RequestFault;
