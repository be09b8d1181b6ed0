namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Bytes from the API server that are not what the wire format allows; the only exception of the readers here.</summary>
/// <param name="reason">What is wrong, as a sentence without a full stop.</param>
/// <param name="inner">What found it, if it was another reader.</param>
public sealed class WireException(string reason, Exception? inner = null) : Exception(reason, inner);
