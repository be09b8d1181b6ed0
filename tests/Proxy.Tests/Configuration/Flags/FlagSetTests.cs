using KubeProxySharp.Proxy.Configuration.Flags;

namespace KubeProxySharp.Proxy.Tests.Configuration.Flags;

/// <summary>The syntax of flags (pflag's), and the texts of its errors (spec 11.3, 11.7).</summary>
public sealed class FlagSetTests
{
    [Theory]
    [InlineData("--config=a", "a")]
    [InlineData("--config a", "a")]
    [InlineData("--config=a --config=b", "b")]
    [InlineData("--config=", "")]
    [InlineData("--config=a=b", "a=b")]
    [InlineData("--config --cleanup", "--cleanup")]
    public void TextsAreTakenAfterEqualsOrAsTheNextArgument(string line, string value)
    {
        Parse(line).Config.Value.Should().Be(value);
    }

    [Theory]
    [InlineData("--masquerade-all", true)]
    [InlineData("--masquerade_all", true)]
    [InlineData("--masquerade-all=false", false)]
    [InlineData("--masquerade-all=T", true)]
    [InlineData("--masquerade-all=0", false)]
    [InlineData("--masquerade-all --masquerade-all=false", false)]
    [InlineData("", false)]
    public void SwitchesNeedNoValueAndTakeGoBooleans(string line, bool value)
    {
        ((TypedFlag<bool>)Parse(line).Set["masquerade-all"]).Value.Should().Be(value);
    }

    [Theory]
    [InlineData("-v=4", 4)]
    [InlineData("-v 4", 4)]
    [InlineData("-v4", 4)]
    [InlineData("--v=4", 4)]
    [InlineData("--v 4", 4)]
    public void VerbosityHasEveryForm(string line, int level)
    {
        ((TypedFlag<int>)Parse(line).Set["v"]).Value.Should().Be(level);
    }

    [Theory]
    [InlineData("--oom-score-adj=-5", -5)]
    [InlineData("--oom-score-adj -5", -5)]
    [InlineData("--oom-score-adj=0x10", 16)]
    [InlineData("--oom-score-adj=010", 8)]
    [InlineData("--oom-score-adj=0b11", 3)]
    [InlineData("--oom-score-adj=1_0", null)]
    [InlineData("--oom-score-adj=0x1_0", 16)]
    [InlineData("--oom-score-adj=2147483647", int.MaxValue)]
    [InlineData("--oom-score-adj=2147483648", null)]
    [InlineData("--oom-score-adj=", null)]
    [InlineData("--oom-score-adj=0x", null)]
    [InlineData("--oom-score-adj=08", null)]
    public void NumbersAreReadAsGoReadsThem(string line, int? value)
    {
        if (value is null)
        {
            FluentActions.Invoking(() => Parse(line)).Should().Throw<FlagException>();
            return;
        }

        ((TypedFlag<int>)Parse(line).Set["oom-score-adj"]).Value.Should().Be(value);
    }

    [Fact]
    public void ListsAndMapsGoOnWhenTheyAreRepeated()
    {
        KubeProxyFlags flags = Parse("--nodeport-addresses=10.0.0.0/8,fd00::/8 --nodeport-addresses 192.0.2.0/24 --feature-gates=B=true,A=false --feature-gates=B=false --vmodule=a=1,b*=2 --vmodule=c=3 --manifests=x --manifests=y");

        ((TypedFlag<string[]>)flags.Set["nodeport-addresses"]).Value.Should().Equal("10.0.0.0/8", "fd00::/8", "192.0.2.0/24");
        flags.Set["feature-gates"].Text.Should().Be("A=false,B=false");
        flags.Set["vmodule"].Text.Should().Be("a=1,b*=2,c=3");
        flags.Manifests.Value.Should().Equal("x", "y");
    }

    [Theory]
    [InlineData("--confog=x", "unknown flag: --confog (did you mean --config?)")]
    [InlineData("--entirely-different", "unknown flag: --entirely-different")]
    [InlineData("--config", "flag needs an argument: --config")]
    [InlineData("-v", "flag needs an argument: 'v' in -v")]
    [InlineData("-config=x", "unknown shorthand flag: 'c' in -config=x (did you mean --config?)")]
    [InlineData("-x", "unknown shorthand flag: 'x' in -x")]
    [InlineData("--=x", "bad flag syntax: --=x")]
    [InlineData("---config=x", "bad flag syntax: ---config=x")]
    [InlineData("--masquerade-all=maybe", "invalid argument \"maybe\" for \"--masquerade-all\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax")]
    [InlineData("-v=high", "invalid argument \"high\" for \"-v, --v\" flag: strconv.ParseUint: parsing \"high\": invalid syntax")]
    [InlineData("--oom-score-adj=x", "invalid argument \"x\" for \"--oom-score-adj\" flag: strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("--oom-score-adj=99999999999999999999", "invalid argument \"99999999999999999999\" for \"--oom-score-adj\" flag: strconv.ParseInt: parsing \"99999999999999999999\": value out of range")]
    [InlineData("--kube-api-qps=NaN", "invalid argument \"NaN\" for \"--kube-api-qps\" flag: strconv.ParseFloat: parsing \"NaN\": invalid syntax")]
    [InlineData("--config-sync-period=5", "invalid argument \"5\" for \"--config-sync-period\" flag: time: invalid duration \"5\"")]
    [InlineData("--bind-address=10.0.0", "invalid argument \"10.0.0\" for \"--bind-address\" flag: \"10.0.0\" is not a valid IP address")]
    [InlineData("--healthz-bind-address=host:1", "invalid argument \"host:1\" for \"--healthz-bind-address\" flag: \"host\" is not a valid IP address")]
    [InlineData("--healthz-bind-address=1.2.3.4:x", "invalid argument \"1.2.3.4:x\" for \"--healthz-bind-address\" flag: \"x\" is not a valid number")]
    [InlineData("--healthz-bind-address=x", "invalid argument \"x\" for \"--healthz-bind-address\" flag: \"x\" is not in a valid format (ip or ip:port)")]
    [InlineData("--feature-gates=A", "invalid argument \"A\" for \"--feature-gates\" flag: malformed pair, expect string=bool")]
    [InlineData("--feature-gates=A=x", "invalid argument \"A=x\" for \"--feature-gates\" flag: invalid value of A: x, err: strconv.ParseBool: parsing \"x\": invalid syntax")]
    [InlineData("--vmodule=a", "invalid argument \"a\" for \"--vmodule\" flag: \"a\" does not have the pattern=N format")]
    [InlineData("--iptables-variant=new", "invalid argument \"new\" for \"--iptables-variant\" flag: it is auto, nft or legacy")]
    [InlineData("--conntrack-tcp=close-after=0s", "invalid argument \"close-after=0s\" for \"--conntrack-tcp\" flag: it is keep, or close-after= with a duration above 0 such as 30s")]
    [InlineData("--log-json-info-buffer-size=big", "invalid argument \"big\" for \"--log-json-info-buffer-size\" flag: quantities are numbers of bytes such as 512, 64Ki or 1M")]
    public void ErrorsHavePflagsTexts(string line, string message)
    {
        FluentActions.Invoking(() => Parse(line)).Should().Throw<FlagException>().WithMessage(message);
    }

    [Fact]
    public void DeprecatedFlagsAreTold()
    {
        List<string> warnings = [];

        new KubeProxyFlags().Set.Parse(["--healthz-port=1", "--metrics_port=2"], warnings.Add);

        warnings.Should().Equal(
            "Flag --healthz-port has been deprecated, This flag is deprecated and will be removed in a future release. Please use --healthz-bind-address instead.",
            "Flag --metrics-port has been deprecated, This flag is deprecated and will be removed in a future release. Please use --metrics-bind-address instead.");
    }

    [Fact]
    public void WhatIsNoFlagIsHandedBack()
    {
        new KubeProxyFlags().Set.Parse(["a", "--cleanup", "-", "--", "--config"], _ => { }).Should().Equal("a", "-", "--config");
    }

    /// <summary>The flags of spec 11.2 and 11.3, one by one; more would be ours alone, fewer would break a manifest.</summary>
    [Fact]
    public void TheFlagsAreThoseOfKubeProxyAndSomeOfOurOwn()
    {
        const string KubeProxys = """
            bind-address bind-address-hard-fail boot-id-file cleanup cluster-cidr config config-sync-period conntrack-max-per-core conntrack-min
            conntrack-tcp-be-liberal conntrack-tcp-timeout-close-wait conntrack-tcp-timeout-established conntrack-udp-timeout conntrack-udp-timeout-stream
            detect-local-mode feature-gates healthz-bind-address healthz-port help hostname-override init-only iptables-localhost-nodeports
            iptables-masquerade-bit iptables-min-sync-period iptables-sync-period ipvs-exclude-cidrs ipvs-min-sync-period ipvs-scheduler ipvs-strict-arp
            ipvs-sync-period ipvs-tcp-timeout ipvs-tcpfin-timeout ipvs-udp-timeout kube-api-burst kube-api-content-type kube-api-qps kubeconfig
            log-flush-frequency log-json-info-buffer-size log-json-split-stream log-text-info-buffer-size log-text-split-stream logging-format
            machine-id-file masquerade-all master metrics-bind-address metrics-port nodeport-addresses oom-score-adj pod-bridge-interface
            pod-interface-name-prefix profiling proxy-mode show-hidden-metrics-for-version v version vmodule write-config-to
            """;

        new KubeProxyFlags().Set.All.Select(flag => flag.Name).Should()
            .BeEquivalentTo([.. KubeProxys.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries), "manifests", "manifests-settle-time", "iptables-variant", "nftables-writer", "conntrack-tcp", "conntrack-service-flows", "egress-masquerade", "egress-masquerade-config", "service-counters", "service-counters-top", "record", "record-limit"]);
    }

    private static KubeProxyFlags Parse(string line)
    {
        KubeProxyFlags flags = new();
        flags.Set.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), _ => { });
        return flags;
    }
}
