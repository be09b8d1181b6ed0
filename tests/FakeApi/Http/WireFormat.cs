namespace KubeProxySharp.FakeApi.Http;

/// <summary>The formats the server speaks.</summary>
internal enum WireFormat
{
    Json,
    Protobuf,
}
