using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>The server ended a watch with an ERROR event; the HTTP status was 200 (wire notes 3.4).</summary>
/// <param name="request">Method and path.</param>
/// <param name="status">The object of the event.</param>
internal sealed class WatchErrorException(string request, ApiStatus status) : Exception($"{request}: ended with {status}")
{
    /// <summary>What the server said.</summary>
    public ApiStatus Status { get; } = status;
}
