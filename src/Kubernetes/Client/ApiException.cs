using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>The API server answered a request with a failure.</summary>
/// <param name="request">Method and path.</param>
/// <param name="status">What it said.</param>
public sealed class ApiException(string request, ApiStatus status) : Exception($"{request}: {status}")
{
    /// <summary>What the server said.</summary>
    public ApiStatus Status { get; } = status;
}
