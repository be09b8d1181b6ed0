using System.Text.Json;
using KubeProxySharp.Kubernetes.Client;

namespace KubeProxySharp.Kubernetes.Tests.Client;

public sealed class ClusterEventTests
{
    private static readonly EventReporter s_reporter = new("kube-proxy", "kube-proxy-node-a");

    /// <summary>The fields of an Event that a server accepted (wire notes 12), and no others.</summary>
    [Fact]
    public void TheBodyIsTheOneThatAServerAccepts()
    {
        DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds(1795185794).AddTicks(1234560);
        ClusterEvent start = new(ObjectReference.Node("node-a"), EventKind.Normal, "Starting", "StartKubeProxy", "", time);

        JsonSerializer.Serialize(start.ToObject("p1", s_reporter, 1, time), EventJson.Default.Eventsv1Event).Should().Be(
            """
            {"action":"StartKubeProxy","apiVersion":"events.k8s.io/v1","eventTime":"2026-11-20T14:43:14.123456Z","kind":"Event",
            "metadata":{"name":"p1","namespace":"default"},"reason":"Starting",
            "regarding":{"apiVersion":"v1","kind":"Node","name":"node-a","uid":"node-a"},
            "reportingController":"kube-proxy","reportingInstance":"kube-proxy-node-a","type":"Normal"}
            """.ReplaceLineEndings(""));
    }

    /// <summary><c>kubectl describe</c> looks for the uid; for a Node also for one that is its name, as the kubelet writes.</summary>
    [Fact]
    public void TheUidIsPartOfTheReferenceAndNotOfWhatMakesARepetition()
    {
        ClusterEvent node = Event("node-a");
        ClusterEvent service = node with { Regarding = ObjectReference.Service("shop", "web") with { Uid = "1234-5678" } };

        node.ToObject("e", s_reporter, 1, node.Time).Regarding.Uid.Should().Be("node-a");
        service.ToObject("e", s_reporter, 1, node.Time).Regarding.Uid.Should().Be("1234-5678");
        service.Key.Should().Be((service with { Regarding = service.Regarding with { Uid = "" } }).Key);
    }

    [Fact]
    public void ARepetitionHasExactlySixDigitsOfTime()
    {
        DateTimeOffset time = DateTimeOffset.UnixEpoch.AddTicks(5);

        JsonSerializer.Serialize(ClusterEvent.PatchOf(2, time), EventJson.Default.Eventsv1Event).Should()
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

        loud.ToObject("a.1", s_reporter, 1, loud.Time).Note.Should().Be(new string('é', 512));
    }

    private static ClusterEvent Event(string name) =>
        new(ObjectReference.Node(name), EventKind.Warning, "R", "A", "n", DateTimeOffset.UnixEpoch.AddTicks(1000));
}
