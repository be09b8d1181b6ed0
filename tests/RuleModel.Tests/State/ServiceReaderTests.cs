using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.State;

/// <summary>Spec 2.2 to 2.6.</summary>
public sealed class ServiceReaderTests
{
    private readonly List<Problem> _problems = [];

    [Fact]
    public void AUsualServiceGivesOnePortInItsFamily()
    {
        ServiceDefinition read = Read(Samples.Service);

        read.IPv6.IsEmpty.Should().BeTrue();
        ServicePortSpec port = read.IPv4.AsSpan().ToArray().Should().ContainSingle().Subject;
        port.Name.ToString().Should().Be("shop/web:http");
        port.ClusterIP.Should().Be(IpAddress.Parse("10.96.0.10"));
        port.Port.Should().Be(80);
        _problems.Should().BeEmpty();
    }

    [Fact]
    public void SkippedServicesGiveNothing()
    {
        Read(Samples.Service with { ClusterIP = "None", ClusterIPs = ["None"] }).IsEmpty.Should().BeTrue();
        Read(Samples.Service with { ClusterIP = "" }).IsEmpty.Should().BeTrue();
        Read(Samples.Service with { Type = "ExternalName" }).IsEmpty.Should().BeTrue();
        Read(Samples.Service with { IsForOtherProxy = true }).IsEmpty.Should().BeTrue();
        _problems.Should().BeEmpty();
    }

    [Fact]
    public void ClusterIPFollowsTheFamilies()
    {
        Service dual = Samples.Service with { ClusterIPs = ["fd00::10", "10.96.0.10"], IpFamilies = ["IPv6", "IPv4"], ClusterIP = "fd00::10" };

        ServiceDefinition read = Read(dual);

        read.IPv4[0].ClusterIP.Should().Be(IpAddress.Parse("10.96.0.10"));
        read.IPv6[0].ClusterIP.Should().Be(IpAddress.Parse("fd00::10"));
    }

    [Fact]
    public void ObjectsWithoutFamiliesUseTheSingleClusterIP()
    {
        Read(Samples.Service with { ClusterIPs = default, IpFamilies = default, ClusterIP = "fd00::10" }).IPv6.Length.Should().Be(1);
        Read(Samples.Service with { ClusterIPs = default, IpFamilies = default, ClusterIP = "fd00::10" }).IPv4.IsEmpty.Should().BeTrue();
    }

    [Fact]
    public void AddressesWithLeadingZerosAreDecimal()
    {
        Service service = Samples.LoadBalancer with
        {
            ClusterIPs = ["172.30.0.041"],
            ExternalIPs = ["192.168.000.5"],
            LoadBalancerIngress = [new LoadBalancerIngress { Ip = "001.2.3.4" }],
            LoadBalancerSourceRanges = [" 203.0.113.000/025 "],
        };

        ServicePortSpec port = Read(service).IPv4[0];

        port.ClusterIP.ToString().Should().Be("172.30.0.41");
        port.ExternalIPs[0].ToString().Should().Be("192.168.0.5");
        port.LoadBalancerIPs[0].ToString().Should().Be("1.2.3.4");
        port.SourceRanges[0].ToString().Should().Be("203.0.113.0/25");
    }

    [Fact]
    public void IngressCountsOnlyAsVip()
    {
        Service service = Samples.LoadBalancer with
        {
            LoadBalancerIngress =
            [
                new LoadBalancerIngress { Ip = "198.51.100.1" },
                new LoadBalancerIngress { Ip = "198.51.100.2", IpMode = "VIP" },
                new LoadBalancerIngress { Ip = "198.51.100.3", IpMode = "Proxy" },
                new LoadBalancerIngress { Ip = "" },
                new LoadBalancerIngress { Ip = "2001:db8::1" },
            ],
        };

        Read(service).IPv4[0].LoadBalancerIPs.AsSpan().ToArray().Select(ip => ip.ToString()).Should().Equal("198.51.100.1", "198.51.100.2");
    }

    [Theory]
    [InlineData("192.0.2.0/24", 1)]
    [InlineData("192.0.2.0/24 2001:db8::/32", 1)]
    [InlineData("192.0.2.0/24 0.0.0.0/0", 0)]
    [InlineData("2001:db8::/32", 0)]
    [InlineData("nonsense", 0)]
    [InlineData("nonsense 192.0.2.0/24", 1)]
    [InlineData("192.0.2.0/24 ::/0", 1)]
    public void SourceRangesAreThoseOfTheFamilyUnlessOneIsEverybody(string ranges, int count)
    {
        Service service = Samples.LoadBalancer with { LoadBalancerSourceRanges = EquatableArray.Adopt(ranges.Split(' ')) };

        Read(service).IPv4[0].SourceRanges.Length.Should().Be(count);
    }

    [Theory]
    [InlineData("LoadBalancer", "Local", false, TrafficPolicy.Local)]
    [InlineData("NodePort", "Local", false, TrafficPolicy.Local)]
    [InlineData("ClusterIP", "Local", false, TrafficPolicy.Cluster)]
    [InlineData("ClusterIP", "Local", true, TrafficPolicy.Local)]
    [InlineData("LoadBalancer", "Cluster", false, TrafficPolicy.Cluster)]
    [InlineData("LoadBalancer", "", false, TrafficPolicy.Cluster)]
    public void ExternalPolicyLocalNeedsATypeThatHasOne(string type, string policy, bool hasExternalIP, TrafficPolicy expected)
    {
        Service service = Samples.Service with { Type = type, ExternalTrafficPolicy = policy, ExternalIPs = hasExternalIP ? ["192.0.2.1"] : [] };

        Read(service).IPv4[0].ExternalPolicy.Should().Be(expected);
    }

    [Fact]
    public void HealthCheckPortBelongsToLocalLoadBalancersOnly()
    {
        Read(Samples.LoadBalancer with { ExternalTrafficPolicy = "Local" }).IPv4[0].HealthCheckNodePort.Should().Be(32000);
        Read(Samples.LoadBalancer).IPv4[0].HealthCheckNodePort.Should().Be(0);
        Read(Samples.LoadBalancer with { Type = "NodePort", ExternalTrafficPolicy = "Local" }).IPv4[0].HealthCheckNodePort.Should().Be(0);
        _problems.Should().BeEmpty();

        Read(Samples.LoadBalancer with { ExternalTrafficPolicy = "Local", HealthCheckNodePort = 0 });
        _problems.Should().ContainSingle().Which.Severity.Should().Be(ProblemSeverity.Warning);
    }

    [Fact]
    public void AffinityHasTheServersDefault()
    {
        Read(Samples.Service with { SessionAffinity = "ClientIP" }).IPv4[0].AffinitySeconds.Should().Be(10800);
        Read(Samples.Service with { SessionAffinity = "ClientIP", SessionAffinityTimeoutSeconds = 5 }).IPv4[0].AffinitySeconds.Should().Be(5);
        Read(Samples.Service with { SessionAffinityTimeoutSeconds = 5 }).IPv4[0].HasAffinity.Should().BeFalse();
    }

    [Fact]
    public void NodePortCountsForEveryType()
    {
        Service service = Samples.Service with { Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30001 }] };

        Read(service).IPv4[0].IsExternallyAccessible.Should().BeTrue();
    }

    [Fact]
    public void ExternalIPsCanBeSwitchedOff()
    {
        ServicePortSpec port = ServiceReader.Read(Samples.Service with { ExternalIPs = ["192.0.2.1"] }, allowExternalIPs: false, _problems).IPv4[0];

        port.ExternalIPs.IsEmpty.Should().BeTrue();
        port.IsExternallyAccessible.Should().BeFalse();
    }

    [Fact]
    public void ProblemsNameObjectFieldAndRemedy()
    {
        Read(Samples.LoadBalancer with { LoadBalancerSourceRanges = ["192.0.2.0/24", "10.0.0/8"] });

        _problems.Should().ContainSingle().Which.ToString()
            .Should().Be("Service shop/web: spec.loadBalancerSourceRanges[1] \"10.0.0/8\" is not a CIDR; ignored");
    }

    public static TheoryData<Service, string> BrokenServices() => new()
    {
        { Samples.Service with { ClusterIPs = ["10.96.0"], ClusterIP = "10.96.0" }, "spec.clusterIPs[0]" },
        { Samples.Service with { ClusterIPs = ["fd00::1"] }, "spec.clusterIPs[0]" },
        { Samples.Service with { ClusterIPs = default, IpFamilies = default, ClusterIP = "cluster" }, "spec.clusterIP" },
        { Samples.Service with { Ports = [new ServicePort { Port = 0 }] }, "spec.ports[0].port" },
        { Samples.Service with { Ports = [new ServicePort { Port = 70000 }] }, "spec.ports[0].port" },
        { Samples.Service with { Ports = [new ServicePort { Port = 80, NodePort = 70000 }] }, "spec.ports[0].nodePort" },
        { Samples.Service with { Ports = [new ServicePort { Port = 80, Protocol = "ICMP" }] }, "spec.ports[0].protocol" },
        { Samples.Service with { Ports = [new ServicePort { Port = 80, Name = "a\"b" }] }, "spec.ports[0].name" },
        { Samples.Service with { Ports = [new ServicePort { Port = 80 }, new ServicePort { Port = 81 }] }, "spec.ports[1].name" },
        { Samples.Service with { Type = "Balancer" }, "spec.type" },
        { Samples.Service with { SessionAffinity = "Cookie" }, "spec.sessionAffinity" },
        { Samples.Service with { InternalTrafficPolicy = "Near" }, "spec.internalTrafficPolicy" },
        { Samples.Service with { Name = new("shop", "web\n-A INPUT -j ACCEPT") }, "metadata.name" },
        { Samples.Service with { Name = new("Shop", "web") }, "metadata.namespace" },
        { Samples.Service with { SessionAffinity = "ClientIP", SessionAffinityTimeoutSeconds = 0 }, "spec.sessionAffinityConfig.clientIP.timeoutSeconds" },
    };

    [Theory]
    [MemberData(nameof(BrokenServices))]
    public void WhatTheApiWouldRefuseIsAnErrorAtItsField(Service service, string field)
    {
        Read(service);

        Problem problem = _problems.Should().ContainSingle().Subject;
        problem.Severity.Should().Be(ProblemSeverity.Error);
        problem.Field.Should().Be(field);
    }

    [Fact]
    public void OneBadPortLeavesTheOthers()
    {
        Service service = Samples.Service with { Ports = [new ServicePort { Name = "a", Port = 0 }, new ServicePort { Name = "b", Port = 81 }] };

        Read(service).IPv4.AsSpan().ToArray().Select(port => port.Name.Port).Should().Equal("b");
    }

    private ServiceDefinition Read(Service service) => ServiceReader.Read(service, allowExternalIPs: true, _problems);
}
