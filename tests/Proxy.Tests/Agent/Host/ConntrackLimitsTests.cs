using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Proxy.Tests.Host;
using Microsoft.Extensions.Logging.Abstractions;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>Spec 8.1.</summary>
public sealed class ConntrackLimitsTests : IDisposable
{
    private const string Folder = "proc/sys/net/netfilter/";
    private const string HashSize = "sys/module/nf_conntrack/parameters/hashsize";

    private static readonly string[] s_names =
    [
        "nf_conntrack_max", "nf_conntrack_tcp_timeout_established", "nf_conntrack_tcp_timeout_close_wait",
        "nf_conntrack_tcp_be_liberal", "nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream",
    ];

    private readonly KernelTree _tree = new();

    public ConntrackLimitsTests()
    {
        foreach (string name in s_names)
        {
            _tree.Put(Folder + name, "9\n");
        }

        _tree.Put(HashSize, "100\n");
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(32768, 131072, 2, 131072)]
    [InlineData(32768, 131072, 8, 262144)]
    [InlineData(32768, 131072, 64, 1048576)]
    [InlineData(32768, 2000000, 4, 2000000)]
    [InlineData(32768, 2000000, 32, 2000000)]
    [InlineData(32768, 2000000, 33, 1048576)]
    [InlineData(0, 131072, 8, 0)]
    [InlineData(1, 0, 8, 8)]
    public void TheMaximumFollowsFromTheCpus(int maxPerCore, int min, int cpus, long expected)
    {
        ConntrackLimits.Max(new ConntrackConfiguration { MaxPerCore = maxPerCore, Min = min }, cpus).Should().Be(expected);
    }

    [Fact]
    public void TheDefaultsSetTheMaximumAndTheTcpTimeouts()
    {
        Apply(new ConntrackConfiguration(), cpus: 8);

        Values().Should().Equal("262144", "86400", "3600", "9\n", "9\n", "9\n");
        _tree.Get(HashSize).Should().Be("65536");
    }

    [Fact]
    public void EverythingThatIsConfiguredIsSetInWholeSeconds()
    {
        Apply(
            new ConntrackConfiguration
            {
                MaxPerCore = 0,
                TcpEstablishedTimeout = TimeSpan.FromMilliseconds(2900),
                TcpCloseWaitTimeout = TimeSpan.FromSeconds(3),
                TcpBeLiberal = true,
                UdpTimeout = TimeSpan.FromMinutes(1),
                UdpStreamTimeout = TimeSpan.FromMinutes(2),
            },
            cpus: 8);

        Values().Should().Equal("9\n", "2", "3", "1", "60", "120");
        _tree.Get(HashSize).Should().Be("100\n", "no maximum is set");
    }

    [Fact]
    public void ZeroLeavesParametersAlone()
    {
        Apply(new ConntrackConfiguration { MaxPerCore = 0, TcpEstablishedTimeout = default, TcpCloseWaitTimeout = default }, cpus: 8);

        Values().Should().AllBe("9\n");
    }

    [Fact]
    public void WhatIsRightAlreadyIsNotWritten()
    {
        _tree.Put(Folder + s_names[0], "262144\n");
        _tree.Put(HashSize, "65536\n");

        Apply(new ConntrackConfiguration(), cpus: 8);

        _tree.Get(Folder + s_names[0]).Should().Be("262144\n");
        _tree.Get(HashSize).Should().Be("65536\n");
    }

    [Theory]
    [InlineData(Folder + "nf_conntrack_max", "could not set conntrack parameters from kube-proxy configuration: can't set sysctl net/netfilter/nf_conntrack_max to 262144 in *; to leave the limit as it is, set conntrack.maxPerCore: 0 (--conntrack-max-per-core=0)")]
    [InlineData(HashSize, "could not set conntrack parameters from kube-proxy configuration: can't read or set the conntrack hash size in *hashsize (wanted: 65536): *; to leave the limit as it is, set conntrack.maxPerCore: 0 (--conntrack-max-per-core=0)")]
    public void WhatCannotBeSetIsFatal(string missing, string message)
    {
        _tree.Remove(missing);

        FluentActions.Invoking(() => Apply(new ConntrackConfiguration(), cpus: 8)).Should().Throw<KernelSetupException>().WithMessage(message);
    }

    [Theory]
    [InlineData("1\n", true)]
    [InlineData("0\n", false)]
    [InlineData("x", false)]
    public void WhetherTcpIsLiberalIsRead(string text, bool isLiberal)
    {
        _tree.Put(Folder + "nf_conntrack_tcp_be_liberal", text);

        ConntrackLimits.IsTcpLiberal(new Sysctl(_tree.Files)).Should().Be(isLiberal);
    }

    private void Apply(ConntrackConfiguration conntrack, int cpus) =>
        new ConntrackLimits(new Sysctl(_tree.Files), _tree.Files, NullLogger<ConntrackLimits>.Instance).Apply(conntrack, cpus);

    private string[] Values() => [.. s_names.Select(name => _tree.Get(Folder + name))];
}
