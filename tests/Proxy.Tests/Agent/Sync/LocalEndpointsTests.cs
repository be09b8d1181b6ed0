using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

/// <summary>What health-check node ports say of Services whose rules the kernel does not have.</summary>
public sealed class LocalEndpointsTests
{
    private static readonly Service s_service = Samples.LoadBalancer with { ExternalTrafficPolicy = "Local" };
    private static readonly FamilyRules s_none = Samples.Model([], []).IPv4;

    private readonly LocalEndpoints _local = new();

    [Fact]
    public void WrittenEndpointsCount()
    {
        _local.Update(Rules("10.244.1.5", "10.244.1.6"), null);

        Count().Should().Be(2);
    }

    [Fact]
    public void WithoutWrittenRulesThereAreNone()
    {
        _local.NodePortAddresses.Should().BeNull();
        _local.Failed(Rules("10.244.1.5"), null);

        Count().Should().Be(0);
        _local.NodePortAddresses.Should().NotBeNull("the port is opened, to say so");
        _local.Update(Rules("10.244.1.5"), null);
        Count().Should().Be(1);
    }

    [Fact]
    public void OfAChangeThatFailsOnlyWhatIsInBothCounts()
    {
        _local.Update(Rules("10.244.1.5", "10.244.1.6"), null);

        _local.Failed(Rules("10.244.1.6", "10.244.1.7", "10.244.1.8"), [Samples.Web]);
        Count().Should().Be(1);
        _local.Failed(Rules("10.244.1.7"), null);
        Count().Should().Be(0, "the kernel forwards to a Pod that is gone");
        _local.Update(Rules("10.244.1.7"), [Samples.Web]);
        Count().Should().Be(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ARefusedServiceKeepsItsPortWithoutEndpoints(bool wasWritten)
    {
        if (wasWritten)
        {
            _local.Update(Rules("10.244.1.5"), null);
        }

        _local.Failed(Rules("10.244.1.6"), [Samples.Web]);
        _local.Refused(Samples.Web);
        _local.Update(s_none, [Samples.Web]);
        _local.SetRefused([Samples.Web]);
        Count().Should().Be(0);
        _local.Update(s_none, null);
        Count().Should().Be(0);

        _local.SetRefused([]);
        _local.HealthChecks.Should().BeEmpty("it is gone, or will be written");
        _local.Update(Rules("10.244.1.6"), [Samples.Web]);
        Count().Should().Be(1);
    }

    private int Count() => _local.HealthChecks[Samples.Web].LocalEndpoints;

    private static FamilyRules Rules(params string[] local) =>
        Samples.Model([s_service], [Samples.Slice([.. local.Select(static address => Samples.Endpoint(address, "ready local"))])]).IPv4;
}
