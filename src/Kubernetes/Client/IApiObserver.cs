using System.Net;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>Observes the API client, for metrics and health. Called by several tasks; implementations must not block.</summary>
public interface IApiObserver
{
    /// <summary>A request was answered, or failed without an answer.</summary>
    void OnRequest(in ApiRequestReport report);

    /// <summary>A watch has seen everything up to a resource version.</summary>
    /// <param name="resource">The resource's plural name, such as <c>endpointslices</c>.</param>
    /// <param name="resourceVersion">The version; an opaque text.</param>
    void OnResourceVersion(string resource, string resourceVersion);

    /// <summary>A resource cannot be kept up to date, or can be again.</summary>
    /// <param name="resource">The resource's plural name.</param>
    /// <param name="problem">The problem with its remedy, for people; null when the watch works again.</param>
    void OnProblem(string resource, string? problem);
}

/// <summary>A finished request, as <c>rest_client_requests_total</c> and <c>rest_client_request_duration_seconds</c> count it (spec 10.2).</summary>
/// <param name="Method">GET, POST or PATCH.</param>
/// <param name="Host">Host and port of the server.</param>
/// <param name="StatusCode">The HTTP code; null if no answer came.</param>
/// <param name="Duration">From sending until the answer's headers.</param>
/// <param name="IsWatch">Whether it is a watch, whose duration says little about the server.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ApiRequestReport(string Method, string Host, HttpStatusCode? StatusCode, TimeSpan Duration, bool IsWatch);
