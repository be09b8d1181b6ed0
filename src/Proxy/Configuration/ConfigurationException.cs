namespace KubeProxySharp.Proxy.Configuration;

/// <summary>A configuration that the program must not start with.</summary>
/// <param name="message">What is wrong; begins with what kube-proxy begins it with (spec 11.7).</param>
internal sealed class ConfigurationException(string message) : Exception(message);
