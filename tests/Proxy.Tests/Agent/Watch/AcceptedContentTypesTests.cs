using KubeProxySharp.Proxy.Agent.Watch;

namespace KubeProxySharp.Proxy.Tests.Agent.Watch;

public sealed class AcceptedContentTypesTests
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    [Theory]
    [InlineData("", Protobuf, Protobuf + ", */*")]
    [InlineData("", "application/json", "application/json, */*")]
    [InlineData("application/json", Protobuf, "application/json")]
    [InlineData(Protobuf + ",application/json;q=0.5", "application/json", Protobuf + ", application/json;q=0.5")]
    [InlineData("application/cbor, application/json", Protobuf, "application/json")]
    [InlineData("application/cbor", Protobuf, Protobuf + ", */*")]
    [InlineData("", "application/cbor", Protobuf + ", */*")]
    public void TheConfigurationIsFollowedAsFarAsTheFormsCanBeRead(string accepted, string content, string header)
    {
        AcceptedContentTypes.Of(new() { AcceptContentTypes = accepted, ContentType = content }).Should().Be(header);
    }
}
