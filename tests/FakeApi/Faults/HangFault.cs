namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Takes the request and never answers, until the faults are cleared or the client gives up.</summary>
public sealed record HangFault : RequestFault;
