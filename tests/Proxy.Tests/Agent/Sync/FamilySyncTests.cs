using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

public sealed class FamilySyncTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly FamilySync _family = new(new FakeApplier(IpFamily.IPv4), new SyncPolicy());

    [Fact]
    public void RetriesComeFurtherAndFurtherApartUpToTheSyncPeriod()
    {
        List<double> delays = [];
        for (int failure = 0; failure < 9; failure++)
        {
            _family.Failed(s_start, jitter: 0);
            delays.Add((_family.NextDue - s_start).TotalSeconds);
        }

        delays.Should().Equal(0.5, 1, 2, 4, 8, 16, 30, 30, 30);
        _family.IsDue(s_start.AddSeconds(29)).Should().BeFalse();
        _family.IsDue(s_start.AddSeconds(30)).Should().BeTrue();
    }

    [Fact]
    public void JitterAddsAtMostAFifth()
    {
        _family.Failed(s_start, jitter: 1);

        (_family.NextDue - s_start).Should().Be(TimeSpan.FromSeconds(0.6));
    }

    [Fact]
    public void ASuccessfulFullSyncHoldsForAnHour()
    {
        _family.IsDue(s_start).Should().BeTrue("nothing was written yet");
        _family.Succeeded(isFull: true, s_start);

        _family.IsDue(s_start.AddMinutes(59)).Should().BeFalse();
        _family.IsDue(s_start.AddMinutes(60)).Should().BeTrue();
    }

    [Fact]
    public void DriftIsDueAtOnceButNotAgainAndAgain()
    {
        _family.Succeeded(isFull: true, s_start);
        List<double> repairs = [];
        DateTimeOffset now = s_start;
        for (int repair = 0; repair < 8; repair++)
        {
            _family.ReportDrift("flushed");
            DateTimeOffset due = _family.NextDue < now ? now : _family.NextDue;
            repairs.Add((due - now).TotalSeconds);
            now = due;
            _family.TakeDrift(now).Should().BeTrue();
            _family.Succeeded(isFull: true, now);
        }

        repairs.Should().Equal([0, 0, 0.5, 1, 2, 4, 8, 16], "somebody works against us");
        now += TimeSpan.FromMinutes(5);
        _family.ReportDrift("flushed");
        _family.IsDue(now).Should().BeTrue("that was long ago");
    }

    [Fact]
    public void TheTimeBetweenRepairsCountsFromTheEndOfThem()
    {
        _family.Succeeded(isFull: true, s_start);
        List<double> rests = [];
        DateTimeOffset now = s_start;
        for (int repair = 0; repair < 8; repair++)
        {
            _family.ReportDrift("flushed");
            DateTimeOffset due = _family.NextDue < now ? now : _family.NextDue;
            rests.Add((due - now).TotalSeconds);
            _family.TakeDrift(due).Should().BeTrue();
            now = due.AddSeconds(7);
            _family.Succeeded(isFull: true, now);
        }

        rests.Should().Equal([0, 0, 0.5, 1, 2, 4, 8, 16], "a repair of 7 s takes nothing off");
    }

    [Fact]
    public void DriftOfAFamilyThatFailsWaitsForItsRetry()
    {
        _family.Succeeded(isFull: true, s_start);
        for (int failure = 0; failure < 5; failure++)
        {
            _family.Failed(s_start, jitter: 0);
        }

        _family.ReportDrift("flushed");

        _family.IsHeldBack(s_start.AddSeconds(7)).Should().BeTrue();
        _family.IsDue(s_start.AddSeconds(7)).Should().BeFalse();
        _family.IsHeldBack(s_start.AddSeconds(8)).Should().BeFalse();
        _family.IsDue(s_start.AddSeconds(8)).Should().BeTrue();
    }

    [Fact]
    public void DriftThatCannotBeRepairedIsRetriedLikeAnyFailure()
    {
        _family.Succeeded(isFull: true, s_start);
        _family.ReportDrift("flushed");
        _family.TakeDrift(s_start);
        _family.Failed(s_start, jitter: 0);

        _family.IsDue(s_start).Should().BeFalse();
        _family.Drift.Should().Be("flushed");
        _family.Succeeded(isFull: true, s_start.AddSeconds(1));
        _family.Drift.Should().BeNull();
    }
}
