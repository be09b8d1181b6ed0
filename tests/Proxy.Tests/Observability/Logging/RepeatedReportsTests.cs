using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Observability.Logging;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Observability.Logging;

public sealed class RepeatedReportsTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _told = [];

    [Fact]
    public void TheFirstIsToldAtOnceAndTheOthersOnceAMinute()
    {
        using RepeatedReports reports = new(_time);
        for (int second = 0; second < 150; second += 5)
        {
            int number = second / 5;
            reports.Report("IPv4 drift", times => _told.Add($"nr. {number}{times}"));
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        _time.Advance(TimeSpan.FromMinutes(5));

        _told.Should().Equal("nr. 0", "nr. 11 (11 times in the last minute)", "nr. 23 (12 times in the last minute)", "nr. 29 (6 times in the last minute)");
        reports.Report("IPv4 drift", times => _told.Add("again" + times));
        _told.Should().HaveCount(5).And.EndWith("again", "a quiet minute ends it");
    }

    [Fact]
    public void OneCauseDoesNotHideAnother()
    {
        using RepeatedReports reports = new(_time);
        foreach (string cause in (string[])["IPv4", "IPv6", "IPv4", "IPv6"])
        {
            reports.Report(cause, times => _told.Add(cause + times));
        }

        _told.Should().Equal("IPv4", "IPv6");
        _time.Advance(TimeSpan.FromMinutes(1));
        _told.Should().BeEquivalentTo("IPv4", "IPv6", "IPv4 (once more in the last minute)", "IPv6 (once more in the last minute)");
    }

    [Fact]
    public void MoreCausesThanAnybodyReadsCountAsOne()
    {
        using RepeatedReports reports = new(_time);
        for (int cause = 0; cause < 10_000; cause++)
        {
            reports.Report($"cause {cause}", _told.Add);
        }

        int first = _told.Count;
        _time.Advance(TimeSpan.FromMinutes(1));

        first.Should().BeLessThan(3_000);
        (_told.Count - first).Should().Be(1);
    }

    [Fact]
    public void EventsOfOneReasonOnOneObjectAreCounted()
    {
        using RateLimitedEvents events = new((regarding, _, reason, _, note) => _told.Add($"{regarding.Name} {reason}: {note}"), _time);
        for (int repair = 0; repair < 14; repair++)
        {
            events.Write(ObjectReference.Node("node-a"), EventKind.Warning, "ServiceRulesRepaired", "SyncRules", "flushed");
            events.Write(ObjectReference.Service("shop", "cart"), EventKind.Warning, "ServiceRulesRefused", "SyncRules", $"refused {repair}");
            _time.Advance(TimeSpan.FromSeconds(4));
        }

        _time.Advance(TimeSpan.FromMinutes(2));

        _told.Should().BeEquivalentTo(
            "node-a ServiceRulesRepaired: flushed",
            "cart ServiceRulesRefused: refused 0",
            "node-a ServiceRulesRepaired: flushed (13 times in the last minute)",
            "cart ServiceRulesRefused: refused 13 (13 times in the last minute)");
    }
}
