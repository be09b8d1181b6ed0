namespace KubeProxySharp.FakeApi.Http;

/// <summary>A request that is answered with a Status.</summary>
internal sealed class ApiException(ApiStatus status) : Exception(status.Message)
{
    public ApiStatus Status { get; } = status;
}
