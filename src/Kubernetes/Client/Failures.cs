using System.Net.Sockets;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>Kinds of failures.</summary>
internal static class Failures
{
    /// <summary>Whether the way to the server failed, or the server fell silent: it has not said no.</summary>
    public static bool IsLostConnection(Exception e) =>
        e is IOException or HttpRequestException or SocketException or InvalidDataException or OperationCanceledException;
}
