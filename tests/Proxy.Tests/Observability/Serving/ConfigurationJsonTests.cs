using System.Buffers;
using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Serving;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>Spec 10.3, 11.2 and 11.4.</summary>
public sealed class ConfigurationJsonTests
{
    [Fact]
    public void TheDefaultConfigurationIsComplete()
    {
        const string Expected = """
            {"kind":"KubeProxyConfiguration","apiVersion":"kubeproxy.config.k8s.io/v1alpha1",
            "clientConnection":{"kubeconfig":"","acceptContentTypes":"","contentType":"application/vnd.kubernetes.protobuf","qps":5,"burst":10},
            "logging":{"format":"text","flushFrequency":"5s","verbosity":0,"options":{"text":{"infoBufferSize":"0"},"json":{"infoBufferSize":"0"}}},
            "hostnameOverride":"","bindAddress":"0.0.0.0","healthzBindAddress":"0.0.0.0:10256","metricsBindAddress":"127.0.0.1:10249",
            "bindAddressHardFail":false,"enableProfiling":false,"showHiddenMetricsForVersion":"","mode":"iptables",
            "iptables":{"masqueradeBit":14,"masqueradeAll":false,"localhostNodePorts":true,"syncPeriod":"30s","minSyncPeriod":"1s"},
            "ipvs":{"syncPeriod":"0s","minSyncPeriod":"0s","scheduler":"","excludeCIDRs":null,"strictARP":false,"tcpTimeout":"0s","tcpFinTimeout":"0s","udpTimeout":"0s"},
            "nftables":{"masqueradeBit":14,"masqueradeAll":false,"syncPeriod":"0s","minSyncPeriod":"0s"},
            "winkernel":{"networkName":"","sourceVip":"","enableDSR":false,"rootHnsEndpointName":"","forwardHealthCheckVip":false},
            "detectLocalMode":"ClusterCIDR","detectLocal":{"bridgeInterface":"","interfaceNamePrefix":""},"clusterCIDR":"","nodePortAddresses":null,"oomScoreAdj":-999,
            "conntrack":{"maxPerCore":32768,"min":131072,"tcpEstablishedTimeout":"24h0m0s","tcpCloseWaitTimeout":"1h0m0s","tcpBeLiberal":false,"udpTimeout":"0s","udpStreamTimeout":"0s"},
            "configSyncPeriod":"15m0s","portRange":""}
            """;

        Write(new KubeProxyConfiguration()).Should().Be(Expected.ReplaceLineEndings(""));
    }

    [Fact]
    public void OnlyTheActiveModeShowsWhatModesShare()
    {
        KubeProxyConfiguration configuration = new()
        {
            Mode = "nftables",
            Iptables = new() { MasqueradeAll = true, MasqueradeBit = 3 },
            Nftables = new() { MasqueradeAll = true, SyncPeriod = TimeSpan.FromSeconds(90) },
        };

        using JsonDocument document = JsonDocument.Parse(Write(configuration));

        document.RootElement.GetProperty("iptables").GetRawText().Should().Be("""{"masqueradeBit":3,"masqueradeAll":false,"localhostNodePorts":true,"syncPeriod":"0s","minSyncPeriod":"0s"}""");
        document.RootElement.GetProperty("nftables").GetRawText().Should().Be("""{"masqueradeBit":14,"masqueradeAll":true,"syncPeriod":"1m30s","minSyncPeriod":"1s"}""");
        document.RootElement.GetProperty("nodePortAddresses").GetRawText().Should().Be("[\"primary\"]");
    }

    [Fact]
    public void WhatIsWrittenReadsBackAsTheSame()
    {
        KubeProxyConfiguration configuration = new()
        {
            Mode = "iptables",
            DetectLocalMode = "BridgeInterface",
            DetectLocal = new() { BridgeInterface = "cni0" },
            FeatureGates = [new("AllowServiceExternalIPs", false)],
            NodePortAddresses = ["10.0.0.0/8", "fd00::/8"],
            ClientConnection = new() { Qps = 2.5f, Kubeconfig = "/var/lib/\"<odd>\"" },
            Logging = new() { Format = "json", Verbosity = 4, Text = new() { SplitStream = true, InfoBufferSize = "64Ki" } },
            Conntrack = new() { UdpTimeout = TimeSpan.FromMilliseconds(1500), TcpBeLiberal = true },
            ClusterCidr = "10.0.0.0/8",
            HostnameOverride = "node-1",
            OomScoreAdj = 0,
            Ipvs = new() { SyncPeriod = TimeSpan.Zero, ExcludeCidrs = ["192.0.2.0/24"] },
            Nftables = new() { SyncPeriod = TimeSpan.Zero, MinSyncPeriod = TimeSpan.Zero },
        };
        using MemoryStream file = new(Encoding.UTF8.GetBytes(Write(configuration)));

        LoadedConfiguration loaded = ConfigurationReader.Read(file);

        loaded.StrictProblems.Should().BeEmpty();

        // Zero periods of other modes become the defaults again (spec 11.2).
        loaded.Value.Should().Be(configuration with { Ipvs = configuration.Ipvs with { SyncPeriod = loaded.Value.Ipvs.SyncPeriod }, Nftables = new() });
    }

    private static string Write(KubeProxyConfiguration configuration)
    {
        ArrayBufferWriter<byte> output = new();
        using Utf8JsonWriter json = new(output);
        ConfigurationJson.Write(json, configuration);
        json.Flush();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
