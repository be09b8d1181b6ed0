namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>The host lacks what a back end needs. The message says what, and what to do.</summary>
internal sealed class ApplierException(string message) : Exception(message);
