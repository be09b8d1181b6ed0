using System.Text;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Tests.Configuration;

/// <summary>Spec 11.8.</summary>
public sealed class ConfigurationValidatorTests
{
    [Theory]
    [InlineData("iptables: {masqueradeBit: 32}", "KubeProxyIPTablesConfiguration.MasqueradeBit: Invalid value: 32: must be within the range [0, 31]")]
    [InlineData("iptables: {masqueradeBit: -1}", "KubeProxyIPTablesConfiguration.MasqueradeBit: Invalid value: -1: must be within the range [0, 31]")]
    [InlineData("mode: nftables\nnftables: {masqueradeBit: 32}", "KubeProxyNFTablesConfiguration.MasqueradeBit: Invalid value: 32: must be within the range [0, 31]")]
    [InlineData("mode: ipvs\nipvs: {tcpTimeout: -1s}", "KubeProxyIPVSConfiguration.TCPTimeout: Invalid value: \"-1s\": must be greater than or equal to 0")]
    [InlineData("mode: ipvs\nipvs: {excludeCIDRs: [10.0.0.0/8, x]}", "KubeProxyIPVSConfiguration.ExcludeCidrs[1]: Invalid value: \"x\": must be a valid CIDR")]
    [InlineData("conntrack: {maxPerCore: -1}", "KubeProxyLinuxConfiguration.KubeProxyConntrackConfiguration.MaxPerCore: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("conntrack: {udpTimeout: -1s}", "KubeProxyLinuxConfiguration.KubeProxyConntrackConfiguration.UDPTimeout: Invalid value: \"-1s\": must be greater than or equal to 0")]
    [InlineData("oomScoreAdj: -1001", "KubeProxyLinuxConfiguration.OOMScoreAdj: Invalid value: -1001: must be within the range [-1000, 1000]")]
    [InlineData("mode: userspace", "Mode.ProxyMode: Invalid value: \"userspace\": must be iptables, ipvs, nftables or blank (blank means the best-available proxy [currently iptables])")]
    [InlineData("clientConnection: {burst: -5}", "ClientConnection.Burst: Invalid value: -5: must be greater than or equal to 0")]
    [InlineData("configSyncPeriod: -1s", "ConfigSyncPeriod: Invalid value: \"-1s\": must be greater than 0")]
    [InlineData("iptables: {minSyncPeriod: 1m}", "SyncPeriod: Invalid value: \"1m0s\": must be greater than or equal to KubeProxyConfiguration.MinSyncPeriod")]
    [InlineData("bindAddress: 10.0.0.0.1", "BindAddress: Invalid value: \"10.0.0.0.1\": not a valid textual representation of an IP address")]
    [InlineData("healthzBindAddress: 1.2.3.4:0", "HealthzBindAddress: Invalid value: \"0\": must be a valid port")]
    [InlineData("healthzBindAddress: host:10256", "HealthzBindAddress: Invalid value: \"host\": must be a valid IP")]
    [InlineData("metricsBindAddress: nonsense", "MetricsBindAddress: Invalid value: \"nonsense\": must be IP:port")]
    [InlineData("nodePortAddresses: [primary, 10.0.0.0/8]", "NodePortAddresses[0]: Invalid value: \"primary\": can't use both 'primary' and CIDRs")]
    [InlineData("nodePortAddresses: [10.0.0.1]", "NodePortAddresses[0]: Invalid value: \"10.0.0.1\": must be a valid CIDR")]
    [InlineData("showHiddenMetricsForVersion: \"1.34\"", "ShowHiddenMetricsForVersion: Invalid value: \"1.34\": previous minor version is 1.35; it is the only one whose hidden metrics can be shown")]
    [InlineData("detectLocalMode: Guess", "DetectLocalMode: Unsupported value: \"Guess\": supported values: \"ClusterCIDR\", \"NodeCIDR\", \"BridgeInterface\", \"InterfaceNamePrefix\"")]
    [InlineData("detectLocalMode: BridgeInterface", "DetectLocalConfiguration.InterfaceName: Invalid value: \"\": must not be empty")]
    [InlineData("detectLocalMode: InterfaceNamePrefix", "DetectLocalConfiguration.InterfacePrefix: Invalid value: \"\": must not be empty")]
    [InlineData("clusterCIDR: 10.244.0.0", "DetectLocalConfiguration.ClusterCIDRs[0]: Invalid value: \"10.244.0.0\": must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)")]
    [InlineData("clusterCIDR: \"10.244.0.0/16,10.245.0.0/16\"", "DetectLocalConfiguration.ClusterCIDRs: Invalid value: \"10.244.0.0/16,10.245.0.0/16\": must be one CIDR, or an IPv4 and an IPv6 CIDR")]
    [InlineData("logging: {format: xml}", "logging.format: Invalid value: \"xml\": Unsupported log format")]
    [InlineData("logging: {options: {text: {splitStream: true}}}", "logging.options: Invalid value: \"\": need the feature gate LoggingAlphaOptions")]
    [InlineData("featureGates: {NFTablesProxyMode: false}", "featureGates: Invalid value: \"NFTablesProxyMode\": cannot set feature gate NFTablesProxyMode to false, feature is locked to true")]
    [InlineData("featureGates: {AllowServiceExternalIP: false}", "featureGates: Invalid value: \"AllowServiceExternalIP\": unrecognized feature gate: AllowServiceExternalIP (did you mean AllowServiceExternalIPs?)")]
    public void EveryFaultHasKubeProxysPathAndMessage(string text, string error)
    {
        ConfigurationValidator.Validate(Read(text)).Should().Equal("KubeProxyConfiguration." + error);
    }

    [Theory]
    [InlineData("clusterCIDR: \"10.244.0.0/16,fd00::/48\"")]
    [InlineData("clusterCIDR: nonsense\ndetectLocalMode: NodeCIDR")]
    [InlineData("nftables: {masqueradeBit: 32}")]
    [InlineData("ipvs: {tcpTimeout: -1s}")]
    [InlineData("logging: {options: {text: {splitStream: true}}}\nfeatureGates: {LoggingAlphaOptions: true}")]
    [InlineData("featureGates: {DRAAdminAccess: false, AllAlpha: true}")]
    public void WhatKubeProxyDoesNotCheckIsFine(string text)
    {
        ConfigurationValidator.Validate(Read(text)).Should().BeEmpty();
    }

    /// <summary>Stricter than kube-proxy: these words would end up unquoted in rule text.</summary>
    [Theory]
    [InlineData("cbr0 -j ACCEPT")]
    [InlineData("a-name-that-is-too-long")]
    [InlineData("cali+")]
    [InlineData("x\"y")]
    public void InterfaceNamesThatTheKernelCannotHaveAreRefused(string name)
    {
        ConfigurationValidator.Validate(Read($"detectLocalMode: BridgeInterface\ndetectLocal: {{bridgeInterface: '{name}'}}"))
            .Should().ContainSingle().Which.Should().Contain("must be an interface name");
    }

    [Fact]
    public void SeveralFaultsAreJoinedInBrackets()
    {
        FluentActions.Invoking(() => ConfigurationValidator.ThrowIfInvalid(Read("mode: x\noomScoreAdj: 5000")))
            .Should().Throw<ConfigurationException>().WithMessage("failed validate: [KubeProxyConfiguration.Mode.ProxyMode: *, KubeProxyConfiguration.KubeProxyLinuxConfiguration.OOMScoreAdj: *]");
    }

    private static KubeProxyConfiguration Read(string text) =>
        ConfigurationReader.Read(new MemoryStream(Encoding.UTF8.GetBytes("apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + text))).Value;
}
