namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>How a response body is written.</summary>
internal enum WireFormat
{
    /// <summary>Neither of the others.</summary>
    Unknown,

    /// <summary><c>application/vnd.kubernetes.protobuf</c>.</summary>
    Protobuf,

    /// <summary><c>application/json</c>.</summary>
    Json,
}
