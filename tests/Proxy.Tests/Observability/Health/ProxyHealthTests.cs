using System.Text;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

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
        Start(IpFamily.IPv6);
        Start(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromMilliseconds(4100));

        Json(HealthProbe.Healthz).Should().Be("""{"lastUpdated":"2026-08-21T09:00:05.1Z","currentTime":"2026-08-21T09:00:05.1Z","nodeEligible":true,"healthy":true,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true},"IPv6":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true}}}""");
    }

    [Fact]
    public void LivezDoesNotSpeakOfTheNode()
    {
        Start(IpFamily.IPv4);
        _health.SetNodeEligible(false);

        HealthText.IsSuccess(_health.Read(), HealthProbe.Livez).Should().BeTrue();
        Json(HealthProbe.Livez).Should().Be("""{"lastUpdated":"2026-08-21T09:00:01Z","currentTime":"2026-08-21T09:00:01Z","healthy":true,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true}}}""");
    }

    [Fact]
    public void AnIneligibleNodeFailsWhileTheProxyIsHealthy()
    {
        Start(IpFamily.IPv4);
        _health.SetNodeEligible(false);

        HealthText.IsSuccess(_health.Read(), HealthProbe.Healthz).Should().BeFalse();
        Json(HealthProbe.Healthz).Should().Be("""{"lastUpdated":"2026-08-21T09:00:01Z","currentTime":"2026-08-21T09:00:01Z","nodeEligible":false,"healthy":true,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true}}}""");
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
        Start(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);

        _time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromTicks(1));
        _health.Read().IsHealthy.Should().BeTrue();
        _time.Advance(TimeSpan.FromTicks(1));
        _health.Read().IsHealthy.Should().BeFalse();
    }

    [Fact]
    public void QuietTimesAreHealthy()
    {
        Start(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromDays(3));

        _health.Read().IsHealthy.Should().BeTrue();
    }

    [Fact]
    public void LaterRequestsDoNotRestartTheWait()
    {
        Start(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(40));
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(40));

        _health.Read().IsHealthy.Should().BeFalse();
    }

    [Fact]
    public void EachFamilyMustRecoverItself()
    {
        Start(IpFamily.IPv4);
        Start(IpFamily.IPv6);
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
        Start(IpFamily.IPv4);
        _health.SyncRequested(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(10));
        Start(IpFamily.IPv6);
        _time.Advance(TimeSpan.FromSeconds(80));

        Json(HealthProbe.Livez).Should().Be("""{"lastUpdated":"2026-08-21T09:00:11Z","currentTime":"2026-08-21T09:01:31Z","healthy":false,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":false},"IPv6":{"lastUpdated":"2026-08-21T09:00:11Z","healthy":true}}}""");
    }

    [Fact]
    public void AFailedSyncChangesNothing()
    {
        Start(IpFamily.IPv4);
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
        Start(IpFamily.IPv4);
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
        _health.Read().IsAlive.Should().BeTrue();
    }

    [Fact]
    public void WordsTellWhoIsAtFaultSinceWhenAndWhy()
    {
        Start(IpFamily.IPv4);
        Start(IpFamily.IPv6);
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
        Start(IpFamily.IPv4);
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

    [Fact]
    public void BeforeTheFirstRulesTheAgentIsAliveButNeitherHealthyNorReady()
    {
        _health.Read().IsAlive.Should().BeTrue();
        _health.Read().IsHealthy.Should().BeFalse();
        HealthText.Describe(_health.Read(), HealthProbe.Readyz).Should().Be("[-]rules failed: this run of the agent has not written any yet; those of an earlier one stay\nreadyz check failed\n");

        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncLoopStarted(IpFamily.IPv6);
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp());
        _health.SyncFailed(IpFamily.IPv6, "no ip6tables");
        _health.UpToDate(IpFamily.IPv6, _time.GetTimestamp());
        _health.SyncFailed(IpFamily.IPv6, "no ip6tables");

        HealthText.IsSuccess(_health.Read(), HealthProbe.Livez).Should().BeTrue();
        HealthText.IsSuccess(_health.Read(), HealthProbe.Healthz).Should().BeFalse();
        HealthText.IsSuccess(_health.Read(), HealthProbe.Readyz).Should().BeFalse();
        Json(HealthProbe.Healthz).Should().Contain("\"healthy\":false,\"status\":{\"IPv4\":{\"lastUpdated\":\"2026-08-21T09:00:01Z\",\"healthy\":true},\"IPv6\":{\"lastUpdated\":\"2026-08-21T09:00:01Z\",\"healthy\":false}");
        Json(HealthProbe.Livez).Should().Contain("\"healthy\":true,\"status\"");
        HealthText.Describe(_health.Read(), HealthProbe.Healthz).Should().Be(
            """
            [+]IPv4 ok: rules current at 2026-08-21T09:00:01Z
            [-]IPv6 failed: rules not written since the start at 2026-08-21T09:00:01Z; last error: no ip6tables
            [+]node ok
            healthz check failed

            """);
        HealthText.Describe(_health.Read(), HealthProbe.Livez).Should().Contain("[+]IPv6 sync loop ok: rules not written since the start");
        _health.SyncSucceeded(IpFamily.IPv6, _time.GetTimestamp());
        HealthText.IsSuccess(_health.Read(), HealthProbe.Healthz).Should().BeTrue();
    }

    [Fact]
    public void DriftMayLastTenSeconds()
    {
        Start(IpFamily.IPv4);
        Start(IpFamily.IPv6);
        _time.Advance(TimeSpan.FromMinutes(1));
        _health.Drifted(IpFamily.IPv6, "nft (process 7) deleted chain services");
        _time.Advance(TimeSpan.FromSeconds(3));
        _health.RepairBegins(IpFamily.IPv6, "nft (process 7) deleted chain services");
        _health.SyncFailed(IpFamily.IPv6, "busy");
        _health.Drifted(IpFamily.IPv6, "nft (process 8) deleted chain services");
        _time.Advance(TimeSpan.FromSeconds(7) - TimeSpan.FromTicks(1));

        _health.Read().IsHealthy.Should().BeTrue();
        _time.Advance(TimeSpan.FromTicks(1));
        _health.Read().Families.Select(static family => family.IsHealthy).Should().Equal(true, false);
        HealthText.IsSuccess(_health.Read(), HealthProbe.Healthz).Should().BeFalse();
        HealthText.IsSuccess(_health.Read(), HealthProbe.Readyz).Should().BeFalse();
        HealthText.IsSuccess(_health.Read(), HealthProbe.Livez).Should().BeTrue("a restart does not help");
        HealthText.Describe(_health.Read(), HealthProbe.Readyz).Should().Contain(
            "[-]IPv6 failed: rules current at 2026-08-21T09:00:01Z; changed by another program at 2026-08-21T09:01:01Z and not repaired for 10s of at most 10s: nft (process 8) deleted chain services; last error: busy\n");
    }

    [Fact]
    public void ARepairEndsOnlyTheDriftThatItKnew()
    {
        Start(IpFamily.IPv4);
        _health.Drifted(IpFamily.IPv4, "first");
        _health.RepairBegins(IpFamily.IPv4, "first");
        _time.Advance(TimeSpan.FromSeconds(1));
        _health.Drifted(IpFamily.IPv4, "second");
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp() - 1, isFull: true);
        _health.Repaired(IpFamily.IPv4);
        _health.Read().Families[0].DriftSince.Should().Be(new DateTimeOffset(2026, 8, 21, 9, 0, 2, TimeSpan.Zero));
        _time.Advance(TimeSpan.FromSeconds(10));
        _health.Read().IsHealthy.Should().BeFalse();

        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp());
        _health.Read().IsHealthy.Should().BeFalse("an update does not write what is missing");
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp(), isFull: true);
        _health.Read().IsHealthy.Should().BeTrue("everything was written since");
        _health.Read().Families[0].DriftSince.Should().BeNull();

        _time.Advance(TimeSpan.FromSeconds(1));
        _health.Drifted(IpFamily.IPv4, "third");
        _health.RepairBegins(IpFamily.IPv4, "third");
        _health.Repaired(IpFamily.IPv4);
        _time.Advance(TimeSpan.FromSeconds(11));
        _health.Read().IsHealthy.Should().BeTrue("a repair in part");
    }

    [Fact]
    public void RefusedServicesAreNamedAndDoNotAffectHealth()
    {
        Start(IpFamily.IPv4);
        _health.SetRefusedServices([.. Enumerable.Range(10, 12).Select(static number => new NamespacedName("shop", $"s{number}"))]);

        HealthText.Describe(_health.Read(), HealthProbe.Healthz).Should().Contain(
            "[+]Services ok except 12 without rules, which the kernel refuses: shop/s10, shop/s11, shop/s12, shop/s13, shop/s14, shop/s15, shop/s16, shop/s17, shop/s18, shop/s19 and 2 more\n").And.EndWith("passed\n");
    }

    private void Start(IpFamily family)
    {
        _health.SyncLoopStarted(family);
        _health.SyncSucceeded(family, _time.GetTimestamp());
    }

    private string Json(HealthProbe probe)
    {
        System.Buffers.ArrayBufferWriter<byte> body = new();
        HealthText.WriteJson(_health.Read(), probe, body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }
}
