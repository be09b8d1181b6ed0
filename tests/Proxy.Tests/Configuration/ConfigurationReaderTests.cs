using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Tests.Configuration;

/// <summary>Spec 11.1, 11.2, 11.4.</summary>
public sealed class ConfigurationReaderTests
{
    private const string Header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

    [Fact]
    public void AnEmptyConfigurationHasTheDefaults()
    {
        LoadedConfiguration loaded = Read(Header);

        loaded.Value.Should().Be(new KubeProxyConfiguration());
        loaded.StrictProblems.Should().BeEmpty();
        ConfigurationValidator.Validate(loaded.Value).Should().BeEmpty();
    }

    /// <summary>Every field is read: each gets a value that is not its default, and none may be left over or unread.</summary>
    [Fact]
    public void EveryFieldIsRead()
    {
        KubeProxyConfiguration read = Read(Header + """
            featureGates: {AllowServiceExternalIPs: false}
            clientConnection: {kubeconfig: /k, acceptContentTypes: a, contentType: c, qps: 50.5, burst: 100}
            logging:
              format: json
              flushFrequency: 10s
              verbosity: 4
              vmodule: [{filePattern: x, verbosity: 3}]
              options: {text: {splitStream: true, infoBufferSize: 64Ki}, json: {splitStream: true, infoBufferSize: 1}}
            hostnameOverride: node-a
            bindAddress: 192.0.2.1
            healthzBindAddress: 192.0.2.2:1
            metricsBindAddress: 192.0.2.3:2
            bindAddressHardFail: true
            enableProfiling: true
            showHiddenMetricsForVersion: "1.35"
            mode: nftables
            iptables: {masqueradeBit: 1, masqueradeAll: true, localhostNodePorts: false, syncPeriod: 1m, minSyncPeriod: 2s}
            nftables: {masqueradeBit: 2, masqueradeAll: true, syncPeriod: 1h, minSyncPeriod: 3s}
            ipvs: {syncPeriod: 5s, minSyncPeriod: 4s, scheduler: rr, excludeCIDRs: [10.0.0.0/8], strictARP: true, tcpTimeout: 1s, tcpFinTimeout: 2s, udpTimeout: 3s}
            winkernel: {networkName: n, sourceVip: v, enableDSR: true, rootHnsEndpointName: r, forwardHealthCheckVip: true}
            detectLocalMode: NodeCIDR
            detectLocal: {bridgeInterface: b, interfaceNamePrefix: p}
            clusterCIDR: 10.244.0.0/16
            nodePortAddresses: [primary]
            oomScoreAdj: -1
            conntrack: {maxPerCore: 1, min: 2, tcpEstablishedTimeout: 3s, tcpCloseWaitTimeout: 4s, tcpBeLiberal: true, udpTimeout: 5s, udpStreamTimeout: 6s}
            configSyncPeriod: 1m30s
            portRange: 1-2
            windowsRunAsService: true
            """).Value;

        KubeProxyConfiguration defaults = new();
        read.FeatureGates.ToString().Should().Contain("AllowServiceExternalIPs, IsEnabled = False");
        AssertEveryPropertyDiffers(read, defaults, "");
    }

    /// <summary>kubeadm writes every field, and what it does not set as null, 0, "0", 0s or "": all of them mean the default.</summary>
    [Fact]
    public void TheEmptyValuesThatKubeadmWritesMeanTheDefaults()
    {
        LoadedConfiguration loaded = Read(Header + """
            bindAddress: 0.0.0.0
            bindAddressHardFail: false
            clientConnection: {acceptContentTypes: "", burst: 0, contentType: "", kubeconfig: "", qps: 0}
            clusterCIDR: ""
            configSyncPeriod: 0s
            conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: null, udpStreamTimeout: 0s, udpTimeout: 0s}
            detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
            detectLocalMode: ""
            enableProfiling: false
            healthzBindAddress: ""
            hostnameOverride: ""
            iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
            ipvs: {excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, syncPeriod: 0s, tcpFinTimeout: 0s, tcpTimeout: 0s, udpTimeout: 0s}
            logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
            metricsBindAddress: ""
            mode: ""
            nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
            nodePortAddresses: null
            oomScoreAdj: null
            portRange: ""
            showHiddenMetricsForVersion: ""
            winkernel: {enableDSR: false, forwardHealthCheckVip: false, networkName: "", rootHnsEndpointName: "", sourceVip: ""}
            """);

        loaded.Value.Should().Be(new KubeProxyConfiguration());
        loaded.StrictProblems.Should().BeEmpty();
        ConfigurationValidator.Validate(loaded.Value).Should().BeEmpty();
    }

    [Fact]
    public void UnknownAndRepeatedFieldsAreToldAndTheRestCounts()
    {
        LoadedConfiguration loaded = Read(Header + "mode: iptables\nmode: nftables\niptables:\n  syncPeriods: 5s\nmods: x\n");

        loaded.Value.Mode.Should().Be("nftables");
        loaded.StrictProblems.Should().BeEquivalentTo(
            "line 4: mode is given twice",
            "line 6: iptables.syncPeriods is not a field of KubeProxyConfiguration",
            "line 7: mods is not a field of KubeProxyConfiguration");
    }

    [Theory]
    [InlineData("mode: [a]", "mode is a list, not a text")]
    [InlineData("iptables: {syncPeriod: 30}", "iptables.syncPeriod is a number, not a text; write \"30\" in quotes")]
    [InlineData("iptables: {syncPeriod: 30 seconds}", "iptables.syncPeriod \"30 seconds\" is not a duration")]
    [InlineData("oomScoreAdj: high", "oomScoreAdj is a text, not a number")]
    [InlineData("bindAddressHardFail: maybe", "bindAddressHardFail is a text, not a boolean")]
    [InlineData("featureGates: {A: 1}", "featureGates.A is a number, not a boolean")]
    public void WrongTypesStopTheReading(string text, string reason)
    {
        FluentActions.Invoking(() => Read(Header + text)).Should().Throw<DocumentException>().WithMessage($"line 3: {reason}*");
    }

    [Theory]
    [InlineData("apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeletConfiguration\n")]
    [InlineData("apiVersion: kubeproxy.config.k8s.io/v1\nkind: KubeProxyConfiguration\n")]
    [InlineData("mode: iptables\n")]
    public void OtherKindsAreRefused(string text)
    {
        FluentActions.Invoking(() => Read(text)).Should().Throw<ConfigurationException>().WithMessage("*no kind*");
    }

    [Theory]
    [InlineData(Header + "mode: nftables\n---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n")]
    [InlineData("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n---\n" + Header + "mode: nftables\n")]
    [InlineData("{\"apiVersion\": \"kubeadm.k8s.io/v1beta4\", \"kind\": \"KubeletConfiguration\"}\n---\n" + Header + "mode: nftables\n")]
    public void DocumentsOfOtherKindsAreToldAndLeftOut(string text)
    {
        LoadedConfiguration loaded = Read(text);

        loaded.Value.Mode.Should().Be("nftables");
        loaded.OtherDocuments.Should().ContainSingle().Which.Should().Match("line *: a document of kind \"KubeletConfiguration\" of * is not for this program");
        loaded.StrictProblems.Should().BeEmpty();
    }

    [Theory]
    [InlineData("", "0.0.0.0:10256", "127.0.0.1:10249")]
    [InlineData("bindAddress: 192.0.2.1", "0.0.0.0:10256", "127.0.0.1:10249")]
    [InlineData("bindAddress: \"::\"", "[::]:10256", "[::1]:10249")]
    [InlineData("healthzBindAddress: 192.0.2.1\nmetricsBindAddress: fd00::1", "192.0.2.1:10256", "[fd00::1]:10249")]
    [InlineData("healthzBindAddress: 192.0.2.1:9", "192.0.2.1:9", "127.0.0.1:10249")]
    public void BindAddressesGetFamilyAndPort(string text, string healthz, string metrics)
    {
        KubeProxyConfiguration read = Read(Header + text).Value;

        read.HealthzBindAddress.Should().Be(healthz);
        read.MetricsBindAddress.Should().Be(metrics);
    }

    [Fact]
    public void ZeroPeriodsBecomeTheDefaults()
    {
        KubeProxyConfiguration read = Read(Header + "iptables: {syncPeriod: 0s, minSyncPeriod: 0s}\nclientConnection: {qps: 0, burst: 0}\n").Value;

        read.Should().Be(new KubeProxyConfiguration());
    }

    [Fact]
    public void SettingsComeFromTheSectionOfTheMode()
    {
        KubeProxyConfiguration read = Read(Header + "iptables: {masqueradeBit: 1, masqueradeAll: true}\nnftables: {masqueradeBit: 2}\n").Value;

        RuleSettings.From(read, ProxyMode.Iptables, "n").MasqueradeBit.Should().Be(1);
        RuleSettings.From(read, ProxyMode.Iptables, "n").MasqueradeAll.Should().BeTrue();
        RuleSettings.From(read, ProxyMode.Nftables, "n").MasqueradeBit.Should().Be(2);
        RuleSettings.From(read, ProxyMode.Nftables, "n").MasqueradeAll.Should().BeFalse();
        RuleSettings.From(read, ProxyMode.Nftables, "n").NodePortAddresses.ToString().Should().Be("[primary]");
        RuleSettings.From(read, ProxyMode.Iptables, "n").NodePortAddresses.IsEmpty.Should().BeTrue();
    }

    private static LoadedConfiguration Read(string text) => ConfigurationReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    private static void AssertEveryPropertyDiffers(object read, object defaults, string path)
    {
        foreach (System.Reflection.PropertyInfo property in read.GetType().GetProperties())
        {
            // What is computed from other fields has no place in a file.
            if (!property.CanWrite)
            {
                continue;
            }

            string name = path + property.Name;
            object? value = property.GetValue(read);
            object? usual = property.GetValue(defaults);
            if (property.PropertyType.IsNested)
            {
                AssertEveryPropertyDiffers(value!, usual!, name + ".");
                continue;
            }

            value.Should().NotBe(usual, $"the test gives {name} a value of its own");
        }
    }
}
