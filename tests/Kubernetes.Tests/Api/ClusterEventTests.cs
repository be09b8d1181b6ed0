using System.Text;
using KubeProxySharp.Kubernetes.Api;

namespace KubeProxySharp.Kubernetes.Tests.Api;

public sealed class ClusterEventTests
{
    private static readonly EventReporter s_reporter = new("kube-proxy", "kube-proxy-node-a");

    [Fact]
    public void TheBodyIsTheOneThatAServerAccepted()
    {
        // Wire notes 12. The clock here has steps of 100 ns, so the last two digits of the nanoseconds are zero.
        const string Accepted =
            "6b3873000a190a106576656e74732e6b38732e696f2f763112054576656e7412710a0d0a0270311a0764656661756c74120b0882b981d8061080"
            + "95ef3a220a6b7562652d70726f78792a116b7562652d70726f78792d6e6f64652d61320e53746172744b75626550726f78793a08537461727469"
            + "6e6742120a044e6f64651a066e6f64652d612a0276315a064e6f726d616c";
        DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds(1795185794).AddTicks(1234560);

        // That one had no uid.
        ClusterEvent start = new(ObjectReference.Node("node-a") with { Uid = "" }, EventKind.Normal, "Starting", "StartKubeProxy", "", time);

        string hex = Convert.ToHexStringLower(start.Encode("p1", s_reporter, 1, time).Span);
        hex.Should().HaveLength(Accepted.Length);
        hex[..100].Should().Be(Accepted[..100]);
        hex[^150..].Should().Be(Accepted[^150..]);
    }

    /// <summary><c>kubectl describe</c> looks for the uid; for a Node also for one that is its name, as the kubelet writes.</summary>
    [Fact]
    public void TheUidIsPartOfTheReferenceAndNotOfWhatMakesARepetition()
    {
        ClusterEvent node = Event("node-a");
        ClusterEvent service = node with { Regarding = ObjectReference.Service("shop", "web") with { Uid = "1234-5678" } };

        Encoding.UTF8.GetString(node.Encode("e", s_reporter, 1, node.Time).Span).Should().Contain("node-a\"\u0006node-a");
        Encoding.UTF8.GetString(service.Encode("e", s_reporter, 1, node.Time).Span).Should().Contain("web\"\t1234-5678");
        service.Key.Should().Be((service with { Regarding = service.Regarding with { Uid = "" } }).Key);
    }

    [Fact]
    public void ARepetitionHasExactlySixDigitsOfTime()
    {
        DateTimeOffset time = DateTimeOffset.UnixEpoch.AddTicks(5);

        Encoding.UTF8.GetString(ClusterEvent.EncodeSeries(2, time).Span).Should()
            .Be("""{"series":{"count":2,"lastObservedTime":"1970-01-01T00:00:00.000000Z"}}""");
    }

    [Theory]
    [InlineData("node-a", "node-a.186a0")]
    [InlineData("10.0.0.1", "10.0.0.1.186a0")]
    public void TheNameIsTheObjectsAndTheTime(string name, string expected)
    {
        Event(name).MakeName().Should().Be(expected);
    }

    [Theory]
    [InlineData("Node_A")]
    [InlineData("")]
    [InlineData("-a")]
    public void WhatIsNoDnsNameGetsAUuid(string name)
    {
        Guid.TryParse(Event(name).MakeName(), out _).Should().BeTrue();
    }

    [Fact]
    public void LongNotesAreCutBetweenCharacters()
    {
        ClusterEvent loud = Event("a") with { Note = new string('é', 600) };

        Encoding.UTF8.GetString(loud.Encode("a.1", s_reporter, 1, loud.Time).Span).Count(character => character == 'é').Should().Be(512);
    }

    private static ClusterEvent Event(string name) =>
        new(ObjectReference.Node(name), EventKind.Warning, "R", "A", "n", DateTimeOffset.UnixEpoch.AddTicks(1000));
}
