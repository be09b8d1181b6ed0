using System.Text;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

public sealed class WatchStreamTests
{
    [Fact]
    public async Task AFrameBeyondTheLimitIsRefusedUnread()
    {
        Func<Task> act = () => Watch([1, 0, 0, 1]);

        (await act.Should().ThrowAsync<WireException>()).WithMessage("*16777217*");
    }

    [Fact]
    public async Task TheEndInsideALengthOrAFrameIsALostConnection()
    {
        byte[] frame = Messages.Event("ADDED", "web", "1");
        foreach (int length in new[] { 1, 3, 4, frame.Length - 1 })
        {
            Func<Task> act = () => Watch(frame[..length]);

            await act.Should().ThrowAsync<EndOfStreamException>();
        }
    }

    [Fact]
    public async Task AnUnknownEventTypeIsABrokenStream()
    {
        Func<Task> act = () => Watch(Messages.Event("RENAMED", "web", "1"));

        await act.Should().ThrowAsync<WireException>();
    }

    [Fact]
    public async Task AnObjectOfAnotherKindIsLeftOutWithoutItsVersion()
    {
        byte[] foreign = Messages.Frame("ADDED", Messages.Object("v1", "Secret", Messages.Service("web", "7")));

        ResourceEvent<Service> only = (await Watch(foreign)).Single();

        only.Type.Should().Be(ResourceEventType.Unusable);
        only.ResourceVersion.Should().BeEmpty();
        only.Problem.Should().Be("the server sent v1/Secret where v1/Service was asked for");
    }

    [Fact]
    public async Task ABrokenObjectInASoundFrameDoesNotEndTheStream()
    {
        byte[] broken = Messages.Frame("ADDED", Messages.Object("v1", "Service",
            new WireWriter().Nested(1, Messages.Header("web", "7")).Nested(2, new WireWriter().Raw("\x0a\x7f"u8))));

        List<ResourceEvent<Service>> events = await Watch([.. broken, .. Messages.Event("ADDED", "ok", "8")]);

        events[0].Problem.Should().StartWith("Service shop/web: ");
        events[1].Value!.Name.Should().Be(new NamespacedName("shop", "ok"));
    }

    [Fact]
    public async Task AWrongJsonValueNamesObjectAndField()
    {
        byte[] line = Encoding.UTF8.GetBytes(
            """{"type":"ADDED","object":{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"},"spec":{"ports":[{"port":"80"}]}}}"""
            + "\n");

        ResourceEvent<Service> only = (await Streams.Read(ApiResources.Services, line, WireFormat.Json, isWatch: true)).Single();

        only.Type.Should().Be(ResourceEventType.Unusable);
        only.Problem.Should().Contain("Service shop/web").And.Contain("spec.ports[0].port");
    }

    [Theory]
    [InlineData("{\"type\":\n", typeof(WireException))]
    [InlineData("[]\n", typeof(WireException))]
    [InlineData("{} {}\n", typeof(WireException))]
    [InlineData("{\"type\":\"ADDED\"", typeof(EndOfStreamException))]
    public async Task BrokenJsonIsRefused(string text, Type exception)
    {
        Func<Task> act = () => Streams.Read(ApiResources.Services, Encoding.UTF8.GetBytes(text), WireFormat.Json, isWatch: true);

        (await act.Should().ThrowAsync<Exception>()).Which.Should().BeOfType(exception);
    }

    [Fact]
    public async Task AListOfAnotherKindIsRefused()
    {
        foreach ((byte[] body, WireFormat format) in new[]
        {
            (RecordedBodies.Body("nodes/list.pb"), WireFormat.Protobuf),
            (RecordedBodies.Body("nodes/list.json"), WireFormat.Json),
            (RecordedBodies.Body("errors/403-list.pb"), WireFormat.Protobuf),
            (RecordedBodies.Body("errors/403-list.json"), WireFormat.Json),
        })
        {
            Func<Task> act = () => Streams.Read(ApiResources.Services, body, format, isWatch: false);

            await act.Should().ThrowAsync<WireException>();
        }
    }

    private static Task<List<ResourceEvent<Service>>> Watch(byte[] body) =>
        Streams.Read(ApiResources.Services, body, WireFormat.Protobuf, isWatch: true);
}
