namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Serves the request, and closes the connection gracefully with it: GOAWAY over HTTP/2.</summary>
public sealed record GoAwayFault : RequestFault;
