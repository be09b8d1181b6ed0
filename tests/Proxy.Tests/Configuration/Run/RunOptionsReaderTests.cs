using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Configuration.Run;

namespace KubeProxySharp.Proxy.Tests.Configuration.Run;

/// <summary>Spec 11.2 to 11.6: what flags and file make together.</summary>
public sealed class RunOptionsReaderTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void WithoutFlagsTheDefaultsHoldAndTheModeIsFilledIn()
    {
        RunOptions options = Read();

        options.Configuration.Should().Be(new KubeProxyConfiguration { Mode = "iptables", DetectLocalMode = "ClusterCIDR" });
        options.Notes.ToString().Should().Be("[Using iptables proxy]");
        options.ConfigPath.Should().BeNull();
        options.WriteConfigTo.Should().BeNull();
    }

    /// <summary>Every flag with a counterpart in the file sets that counterpart (table of spec 11.2).</summary>
    [Theory]
    [InlineData("--feature-gates=WatchList=true", "featureGates: {WatchList: true}")]
    [InlineData("--kubeconfig=/k", "clientConnection: {kubeconfig: /k}")]
    [InlineData("--kube-api-content-type=t", "clientConnection: {contentType: t}")]
    [InlineData("--kube-api-qps=2.5 --kube-api-burst=7", "clientConnection: {qps: 2.5, burst: 7}")]
    [InlineData("--logging-format=json --log-flush-frequency=1s -v=3", "logging: {format: json, flushFrequency: 1s, verbosity: 3}")]
    [InlineData("--vmodule=a=1", "logging: {vmodule: [{filePattern: a, verbosity: 1}]}")]
    [InlineData("--log-text-split-stream --log-text-info-buffer-size=1K", "logging: {options: {text: {splitStream: true, infoBufferSize: 1K}}}")]
    [InlineData("--log-json-split-stream --log-json-info-buffer-size=1K", "logging: {options: {json: {splitStream: true, infoBufferSize: 1K}}}")]
    [InlineData("--hostname-override=a", "hostnameOverride: a")]
    [InlineData("--healthz-bind-address=1.2.3.4:5 --metrics-bind-address=1.2.3.4", "healthzBindAddress: 1.2.3.4:5\nmetricsBindAddress: 1.2.3.4")]
    [InlineData("--bind-address-hard-fail --profiling --show-hidden-metrics-for-version=1.35", "bindAddressHardFail: true\nenableProfiling: true\nshowHiddenMetricsForVersion: '1.35'")]
    [InlineData("--iptables-masquerade-bit=1 --masquerade-all --iptables-localhost-nodeports=false --iptables-sync-period=5s --iptables-min-sync-period=2s", "iptables: {masqueradeBit: 1, masqueradeAll: true, localhostNodePorts: false, syncPeriod: 5s, minSyncPeriod: 2s}")]
    [InlineData("--proxy-mode=nftables --masquerade-all --iptables-sync-period=5s --iptables-min-sync-period=2s", "mode: nftables\nnftables: {masqueradeAll: true, syncPeriod: 5s, minSyncPeriod: 2s}")]
    [InlineData("--proxy-mode=ipvs --masquerade-all --iptables-sync-period=5s --ipvs-sync-period=6s --ipvs-min-sync-period=2s", "mode: ipvs\niptables: {masqueradeAll: true}\nipvs: {syncPeriod: 6s, minSyncPeriod: 2s}")]
    [InlineData("--proxy-mode=ipvs", "mode: ipvs\nipvs: {minSyncPeriod: 1s}")]
    [InlineData("--ipvs-sync-period=6s --ipvs-scheduler=rr --ipvs-exclude-cidrs=10.0.0.0/8 --ipvs-strict-arp --ipvs-tcp-timeout=1s --ipvs-tcpfin-timeout=2s --ipvs-udp-timeout=3s", "ipvs: {scheduler: rr, excludeCIDRs: [10.0.0.0/8], strictARP: true, tcpTimeout: 1s, tcpFinTimeout: 2s, udpTimeout: 3s}")]
    [InlineData("--detect-local-mode=NodeCIDR --pod-bridge-interface=b --pod-interface-name-prefix=p --cluster-cidr=10.0.0.0/8", "detectLocalMode: NodeCIDR\ndetectLocal: {bridgeInterface: b, interfaceNamePrefix: p}\nclusterCIDR: 10.0.0.0/8")]
    [InlineData("--nodeport-addresses=primary --oom-score-adj=-5", "nodePortAddresses: [primary]\noomScoreAdj: -5")]
    [InlineData("--conntrack-max-per-core=1 --conntrack-min=2 --conntrack-tcp-be-liberal", "conntrack: {maxPerCore: 1, min: 2, tcpBeLiberal: true}")]
    [InlineData("--conntrack-tcp-timeout-established=1s --conntrack-tcp-timeout-close-wait=2s --conntrack-udp-timeout=3s --conntrack-udp-timeout-stream=4s", "conntrack: {tcpEstablishedTimeout: 1s, tcpCloseWaitTimeout: 2s, udpTimeout: 3s, udpStreamTimeout: 4s}")]
    [InlineData("--config-sync-period=1m", "configSyncPeriod: 1m")]
    public void AFlagSaysTheSameAsItsField(string flags, string fields)
    {
        WriteFile(fields);

        Read(flags).Configuration.Should().Be(Read($"--config={_path}").Configuration);
    }

    [Fact]
    public void BindAddressDoesNotChangeWhereServersListen()
    {
        KubeProxyConfiguration read = Read("--bind-address=fd00::1").Configuration;

        read.BindAddress.Should().Be("fd00::1");
        read.HealthzBindAddress.Should().Be("0.0.0.0:10256");
        read.MetricsBindAddress.Should().Be("127.0.0.1:10249");
    }

    [Theory]
    [InlineData("--healthz-bind-address= --metrics-bind-address=", "0.0.0.0:10256", "127.0.0.1:10249")]
    [InlineData("--healthz-bind-address=fd00::1 --healthz-port=5", "[fd00::1]:5", "127.0.0.1:10249")]
    [InlineData("--healthz-port=5", "0.0.0.0:10256", "127.0.0.1:10249")]
    [InlineData("--healthz-port=0 --metrics-port=0", "", "")]
    [InlineData("--healthz-port=0 --write-config-to=x", "0.0.0.0:10256", "127.0.0.1:10249")]
    public void DeprecatedPortsAreForBareAddresses(string flags, string healthz, string metrics)
    {
        KubeProxyConfiguration read = Read(flags).Configuration;

        (read.HealthzBindAddress, read.MetricsBindAddress).Should().Be((healthz, metrics));
    }

    [Fact]
    public void NftablesDefaultsToThePrimaryAddresses()
    {
        Read("--proxy-mode=nftables").Configuration.NodePortAddresses.ToString().Should().Be("[primary]");
    }

    /// <summary>Spec 11.5.</summary>
    [Fact]
    public void AFileWinsOverEverythingButLoggingAndTheHostName()
    {
        WriteFile("mode: nftables\nhostnameOverride: from-file\nlogging: {verbosity: 1, flushFrequency: 7s, vmodule: [{filePattern: f, verbosity: 1}]}");

        RunOptions options = Read($"--config={_path} --proxy-mode=ipvs --feature-gates=A=true --healthz-port=0 --hostname-override=Flag -v=5 --vmodule=c=2 --master=https://u:secret@m/ --cleanup --init-only --write-config-to=w");

        options.Configuration.Mode.Should().Be("nftables");
        options.Configuration.FeatureGates.IsEmpty.Should().BeTrue();
        options.Configuration.HealthzBindAddress.Should().Be("0.0.0.0:10256");
        options.Configuration.HostnameOverride.Should().Be("flag");
        options.Configuration.Logging.Verbosity.Should().Be(5);
        options.Configuration.Logging.FlushFrequency.Should().Be(TimeSpan.FromSeconds(7));
        options.Configuration.Logging.Vmodule.ToString().Should().Match("*= c,*= f,*");
        (options.Master, options.IsCleanup, options.IsInitOnly, options.WriteConfigTo, options.ConfigPath).Should().Be(("https://u:secret@m/", true, true, "w", _path));
        options.Flags.ToString().Should().NotContain("secret").And.Contain("https://m/");
    }

    [Theory]
    [InlineData("--hostname-override=\t", "failed complete: empty hostname-override is invalid")]
    [InlineData("--config=/does/not/exist", "failed complete: open /does/not/exist: no such file or directory")]
    [InlineData("--feature-gates=NFTablesProxyMode=false", "failed complete: cannot set feature gate NFTablesProxyMode to false, feature is locked to true")]
    [InlineData("--feature-gates=AllowServiceExternalIP=false", "failed complete: unrecognized feature gate: AllowServiceExternalIP (did you mean AllowServiceExternalIPs?)")]
    [InlineData("--feature-gates=allowserviceexternalips=false", "failed complete: unrecognized feature gate: allowserviceexternalips (did you mean AllowServiceExternalIPs?)")]
    [InlineData("--feature-gates=WatchList=true,Nonsense=true", "failed complete: unrecognized feature gate: Nonsense")]
    public void WhatCannotBeCompletedIsRefused(string flags, string message)
    {
        FluentActions.Invoking(() => Read(flags)).Should().Throw<ConfigurationException>().WithMessage(message);
    }

    [Fact]
    public void LenientReadingAndGatesWithoutEffectAreNoted()
    {
        WriteFile("mods: x\nfeatureGates: {WatchList: true}\nmode: iptables");

        Read($"--config={_path}").Notes.ToString().Should().Match("[Using lenient decoding as strict decoding failed: *mods*, Feature gate WatchList has no effect on this program]");
    }

    [Theory]
    [InlineData("--version=v1.36.9+x", "v1.36.9+x")]
    [InlineData("", "v1.36.*+kube-proxy-sharp.*")]
    public void TheReportedVersionMayBeGiven(string flags, string version)
    {
        Read(flags).ReportedVersion.Should().Match(version);
    }

    private static RunOptions Read(string line = "")
    {
        KubeProxyFlags flags = new();
        flags.Set.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), _ => { });
        return RunOptionsReader.Read(flags);
    }

    private void WriteFile(string fields) =>
        File.WriteAllText(_path, "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + fields);
}
