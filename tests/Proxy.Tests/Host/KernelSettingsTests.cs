using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Host;

/// <summary>CPUs, kernel version, route_localnet, OOM score and address families (spec 6.1, 7.6, 7.7, 8.1, 11.2).</summary>
public sealed class KernelSettingsTests : IDisposable
{
    private const string OnlineCpus = "sys/devices/system/cpu/online";
    private const string RouteLocalnetPath = "proc/sys/net/ipv4/conf/all/route_localnet";
    private const string OomScorePath = "proc/self/oom_score_adj";

    private readonly KernelTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("0", 1)]
    [InlineData("0-7", 8)]
    [InlineData("0-3,8,10-11", 7)]
    [InlineData("", null)]
    [InlineData("0-", null)]
    [InlineData("3-0", null)]
    [InlineData("0-99999999", null)]
    [InlineData("0-65535,0-65535", null)]
    public void CpusAreCountedInTheListOfSysfs(string list, int? count)
    {
        CpuCount.Count(list).Should().Be(count);
    }

    [Fact]
    public void WithoutSysfsTheCpusOfThisProcessCount()
    {
        CpuCount.Read(_tree.Files).Should().Be(Environment.ProcessorCount);
        _tree.Put(OnlineCpus, "0-63\n");
        CpuCount.Read(_tree.Files).Should().Be(64);
    }

    [Fact]
    public void RouteLocalnetIsSwitchedOnOnce()
    {
        _tree.Put(RouteLocalnetPath, "0\n");
        RouteLocalnet route = new(new Sysctl(_tree.Files), NullLogger<RouteLocalnet>.Instance);

        route.Enable();
        _tree.Get(RouteLocalnetPath).Should().Be("1");
        _tree.Put(RouteLocalnetPath, "1\n");
        route.Enable();
        _tree.Get(RouteLocalnetPath).Should().Be("1\n");
        _tree.Remove(RouteLocalnetPath);
        FluentActions.Invoking(route.Enable).Should().Throw<KernelSetupException>().WithMessage("can't set sysctl net/ipv4/conf/all/route_localnet to 1 in *");
    }

    [Fact]
    public async Task TheOomScoreIsWrittenAndItsFailureIsNotFatal()
    {
        OomScore score = new(_tree.Files, TimeProvider.System, NullLogger<OomScore>.Instance);

        await score.SetAsync(-999, CancellationToken.None);
        _tree.Put(OomScorePath, "0\n");
        await score.SetAsync(-999, CancellationToken.None);

        _tree.Get(OomScorePath).Should().Be("-999");
    }

    [Theory]
    [InlineData(IpFamily.IPv4, true, true, true, true, null)]
    [InlineData(IpFamily.IPv6, true, true, true, true, null)]
    [InlineData(IpFamily.IPv4, true, true, false, false, null)]
    [InlineData(IpFamily.IPv4, true, false, true, false, null)]
    [InlineData(IpFamily.IPv6, false, true, true, false, null)]
    [InlineData(IpFamily.IPv6, true, true, false, false, "no support for primary IP family \"IPv6\"")]
    [InlineData(IpFamily.IPv4, false, true, true, false, "no support for primary IP family \"IPv4\"")]
    [InlineData(IpFamily.IPv4, false, false, true, false, "iptables is not available on this host : no such file")]
    public void FamiliesFollowFromToolAndKernel(IpFamily primary, bool isIPv4, bool isIPv6, bool isKernelIPv6, bool isDualStack, string? message)
    {
        Func<AddressFamilies> detect = () => AddressFamilies.Detect(primary, family => family == IpFamily.IPv4 ? isIPv4 : isIPv6, () => "no such file", isKernelIPv6);

        if (message is null)
        {
            detect().Should().Be(new AddressFamilies(primary, isDualStack));
            detect().All.Should().HaveCount(isDualStack ? 2 : 1).And.Contain(primary);
        }
        else
        {
            detect.Should().Throw<KernelSetupException>().WithMessage(message);
        }
    }

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(true, null, true)]
    [InlineData(true, "0\n", true)]
    [InlineData(true, "1\n", false)]
    public void KernelIPv6MustBeThereAndSwitchedOn(bool hasInterfaces, string? disabled, bool isExpected)
    {
        if (hasInterfaces)
        {
            _tree.Put("proc/net/if_inet6", "");
        }

        if (disabled is not null)
        {
            _tree.Put("proc/sys/net/ipv6/conf/all/disable_ipv6", disabled);
        }

        AddressFamilies.HasKernelIPv6(_tree.Files, new Sysctl(_tree.Files)).Should().Be(isExpected);
    }

    [Fact]
    public void FilesThatAreTooLongForASettingAreNotRead()
    {
        _tree.Put(OnlineCpus, new string('0', 5000));

        FluentActions.Invoking(() => _tree.Files.Read(OnlineCpus)).Should().Throw<IOException>();
    }
}
