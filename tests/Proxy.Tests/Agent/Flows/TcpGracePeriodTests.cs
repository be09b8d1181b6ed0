using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Proxy.Agent.Flows;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Flows;

public sealed class TcpGracePeriodTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void ConnectionsMayLiveOnForAWhile()
    {
        TcpGracePeriod grace = new(TimeSpan.FromSeconds(30), _time);
        grace.NextDue.Should().Be(DateTimeOffset.MaxValue);
        Pass(grace, "10.244.1.5").Should().Equal(false);
        grace.NextDue.Should().Be(_time.GetUtcNow() + TimeSpan.FromSeconds(30));

        _time.Advance(TimeSpan.FromSeconds(29));
        Pass(grace, "10.244.1.5", "10.244.1.6").Should().Equal(false, false);

        _time.Advance(TimeSpan.FromSeconds(1));
        Pass(grace, "10.244.1.5", "10.244.1.6").Should().Equal(true, false);
        Pass(grace, "10.244.1.6").Should().Equal(false);
        grace.NextDue.Should().Be(_time.GetUtcNow() + TimeSpan.FromSeconds(29));
    }

    /// <summary>An endpoint that came back and leaves again has its time anew.</summary>
    [Fact]
    public void WhatIsNotStaleAnyMoreIsForgotten()
    {
        TcpGracePeriod grace = new(TimeSpan.FromSeconds(30), _time);
        Pass(grace, "10.244.1.5");
        Pass(grace);
        _time.Advance(TimeSpan.FromSeconds(60));

        Pass(grace, "10.244.1.5").Should().Equal(false);
    }

    /// <summary>What cannot be remembered is not closed early.</summary>
    [Fact]
    public void TooManyPairsWait()
    {
        TcpGracePeriod grace = new(TimeSpan.FromSeconds(30), _time);
        grace.BeginPass();
        for (int number = 0; number <= TcpGracePeriod.PairLimit; number++)
        {
            grace.IsOver(Flow($"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}")).Should().BeFalse();
        }

        grace.EndPass();
        _time.Advance(TimeSpan.FromSeconds(30));
        Pass(grace, "10.0.0.1", "10.1.0.0").Should().Equal(true, false);
        Pass(grace, "10.1.0.0").Should().Equal(false);
        _time.Advance(TimeSpan.FromSeconds(30));
        Pass(grace, "10.1.0.0").Should().Equal(true);
    }

    [Theory]
    [InlineData("keep", null)]
    [InlineData("close-after=30s", 30)]
    [InlineData("close-after=1m30s", 90)]
    public void PoliciesAreReadAndWritten(string text, int? seconds)
    {
        TcpFlowPolicy policy = TcpFlowPolicy.Read(text);

        policy.CloseAfter.Should().Be(seconds is { } known ? TimeSpan.FromSeconds(known) : null);
        policy.ToString().Should().Be(text);
    }

    private static bool[] Pass(TcpGracePeriod grace, params string[] endpoints)
    {
        grace.BeginPass();
        bool[] over = [.. endpoints.Select(endpoint => grace.IsOver(Flow(endpoint)))];
        grace.EndPass();
        return over;
    }

    private static ConntrackEntry Flow(string endpoint) => new()
    {
        Original = new(IpFamily.IPv4, 6, IpAddress.Parse("10.244.3.3"), IpAddress.Parse("10.96.0.10"), 1234, 80),
        Reply = new(IpFamily.IPv4, 6, IpAddress.Parse(endpoint), IpAddress.Parse("10.244.3.3"), 8080, 1234),
    };
}
