namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>Flags that the program must not start with.</summary>
/// <param name="message">What is wrong, in the words of kube-proxy where it has some (spec 11.7).</param>
internal sealed class FlagException(string message) : Exception(message);
