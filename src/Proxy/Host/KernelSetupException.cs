namespace KubeProxySharp.Proxy.Host;

/// <summary>The kernel is not as the program needs it, and it must not start.</summary>
/// <param name="message">What was tried, on what, and what came back.</param>
internal sealed class KernelSetupException(string message) : Exception(message);
