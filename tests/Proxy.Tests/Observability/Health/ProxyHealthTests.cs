using System.Text;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Observability.Health;

/// <summary>Spec 9.1 and the cases of 15.8, with a time-out of 60 s.</summary>
public sealed class ProxyHealthTests
{
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 8, 21, 9, 0, 1, TimeSpan.Zero));
    private readonly ProxyHealth _health;

    public ProxyHealthTests()
    {
        _health = new(TimeSpan.FromSeconds(30), _time);
        _health.SetNodeEligible(true);
    }

    [Fact]
    public void TheBodyIsThatOfTheSpecification()
    {
        _health.SyncLoopStarted(IpFamily.IPv6);
        _health.SyncLoopStarted(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromMilliseconds(4100));

        Json(HealthProbe.Healthz).Should().Be("""{"lastUpdated":"2026-08-21T09:00:05.1Z","currentTime":"2026-08-21T09:00:05.1Z","nodeEligible":true,"healthy":true,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true},"IPv6":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true}}}""");
    }

    [Fact]
    public void LivezDoesNotSpeakOfTheNode()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SetNodeEligible(false);

        HealthText.IsSuccess(_health.Read(), HealthProbe.Livez).Should().BeTrue();
        Json(HealthProbe.Livez).Should().Be("""{"lastUpdated":"2026-08-21T09:00:01Z","currentTime":"2026-08-21T09:00:01Z","healthy":true,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true}}}""");
    }

    [Fact]
    public void AnIneligibleNodeFailsWhileTheProxyIsHealthy()
    {
        _health.SetNodeEligible(false);

        HealthText.IsSuccess(_health.Read(), HealthProbe.Healthz).Should().BeFalse();
        Json(HealthProbe.Healthz).Should().Be("""{"lastUpdated":"0001-01-01T00:00:00Z","currentTime":"2026-08-21T09:00:01Z","nodeEligible":false,"healthy":true}""");
    }

    [Fact]
    public void ANodeIsNotEligibleUntilItIsKnown()
    {
        ProxyHealth fresh = new(TimeSpan.FromSeconds(30), _time);

        fresh.Read().IsNodeEligible.Should().BeFalse();
    }

    [Fact]
    public void ARequestMayWaitForTwiceTheSyncPeriod()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);

        _time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromTicks(1));
        _health.Read().IsHealthy.Should().BeTrue();
        _time.Advance(TimeSpan.FromTicks(1));
        _health.Read().IsHealthy.Should().BeFalse();
    }

    [Fact]
    public void QuietTimesAreHealthy()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromDays(3));

        _health.Read().IsHealthy.Should().BeTrue();
    }

    [Fact]
    public void LaterRequestsDoNotRestartTheWait()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(40));
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(40));

        _health.Read().IsHealthy.Should().BeFalse();
    }

    [Fact]
    public void EachFamilyMustRecoverItself()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncLoopStarted(IpFamily.IPv6);
        _health.SyncRequested(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv6);
        _time.Advance(TimeSpan.FromSeconds(70));
        _health.SyncSucceeded(IpFamily.IPv6, _time.GetTimestamp());

        _health.Read().IsHealthy.Should().BeFalse();
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp());
        _health.Read().IsHealthy.Should().BeTrue();
    }

    [Fact]
    public void WhenUnhealthyTheLatestUpdateIsTold()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(10));
        _health.SyncLoopStarted(IpFamily.IPv6);
        _time.Advance(TimeSpan.FromSeconds(80));

        Json(HealthProbe.Livez).Should().Be("""{"lastUpdated":"2026-08-21T09:00:11Z","currentTime":"2026-08-21T09:01:31Z","healthy":false,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":false},"IPv6":{"lastUpdated":"2026-08-21T09:00:11Z","healthy":true}}}""");
    }

    [Fact]
    public void AFailedSyncChangesNothing()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(59));
        _health.SyncFailed(IpFamily.IPv4, "lock held");

        _health.Read().IsHealthy.Should().BeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        _health.Read().IsHealthy.Should().BeFalse();
    }

    [Fact]
    public void ARequestMadeWhileASyncRunsKeepsWaiting()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);
        long taken = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(5));
        _health.SyncRequested(IpFamily.IPv4);
        _health.SyncSucceeded(IpFamily.IPv4, taken);

        _time.Advance(TimeSpan.FromSeconds(54));
        _health.Read().IsHealthy.Should().BeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        _health.Read().IsHealthy.Should().BeFalse();
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp());
        _health.Read().Families[0].PendingSince.Should().BeNull();
    }

    [Fact]
    public void ARequestBeforeTheLoopStartsWaitsFromThenOn()
    {
        _health.SyncRequested(IpFamily.IPv4);

        _health.Read().Families.Should().BeEmpty();
        _health.Read().IsHealthy.Should().BeTrue();
    }

    [Fact]
    public void WordsTellWhoIsAtFaultSinceWhenAndWhy()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncLoopStarted(IpFamily.IPv6);
        _health.SyncRequested(IpFamily.IPv6);
        _time.Advance(TimeSpan.FromSeconds(75));
        _health.SyncFailed(IpFamily.IPv6, "line 4: no such chain\nexit code 1\n");
        _health.SetNodeEligible(false);

        HealthText.Describe(_health.Read(), HealthProbe.Healthz).Should().Be(
            """
            [+]IPv4 ok: rules current at 2026-08-21T09:00:01Z
            [-]IPv6 failed: rules current at 2026-08-21T09:00:01Z; changes wait since 2026-08-21T09:00:01Z, 75s of at most 60s; last error: line 4: no such chain
                exit code 1
            [-]node failed: the Node object is not known yet, is being deleted, or is tainted ToBeDeletedByClusterAutoscaler
            healthz check failed

            """);
        _health.SyncSucceeded(IpFamily.IPv6, _time.GetTimestamp());
        HealthText.Describe(_health.Read(), HealthProbe.Livez).Should().EndWith("[+]IPv6 ok: rules current at 2026-08-21T09:01:16Z\nlivez check passed\n");
    }

    [Fact]
    public void LongErrorsAreCutOff()
    {
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncFailed(IpFamily.IPv4, new string('x', 100_000));

        _health.Read().Families[0].LastError.Should().HaveLength(ProxyHealth.MaximumErrorLength + 1);
    }

    [Fact]
    public void TimesHaveTheLocalOffset()
    {
        HealthText.Time(new DateTimeOffset(2026, 8, 21, 11, 0, 5, TimeSpan.FromHours(2)).AddTicks(1_234_500)).Should().Be("2026-08-21T11:00:05.12345+02:00");

        _time.Zone = TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(2), "east", "east");
        Json(HealthProbe.Livez).Should().Contain("\"currentTime\":\"2026-08-21T11:00:01+02:00\"");
    }

    private string Json(HealthProbe probe)
    {
        System.Buffers.ArrayBufferWriter<byte> body = new();
        HealthText.WriteJson(_health.Read(), probe, body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }
}
