using System.Net;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>One request, as <c>rest_client_requests_total</c> and <c>rest_client_request_duration_seconds</c> count it (spec 10.2).</summary>
/// <param name="Method">GET, POST or PATCH.</param>
/// <param name="Host">Host and port of the server.</param>
/// <param name="StatusCode">The HTTP code; null if no answer came.</param>
/// <param name="Duration">From sending until the answer's headers.</param>
/// <param name="IsWatch">Whether it is a watch, whose duration says little about the server.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ApiRequestReport(string Method, string Host, HttpStatusCode? StatusCode, TimeSpan Duration, bool IsWatch);
