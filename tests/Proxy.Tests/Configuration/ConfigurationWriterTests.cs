using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.Proxy.Configuration;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Tests.Configuration;

/// <summary>--write-config-to and /configz (spec 10.3, 11.3, 11.4).</summary>
public sealed class ConfigurationWriterTests
{
    [Fact]
    public void TheDefaultsLookAsKubeProxyWritesThem()
    {
        ConfigurationWriter.ToYaml(new KubeProxyConfiguration { Mode = "nftables", NodePortAddresses = ["primary"], BindAddress = "::" }).Should().Be("""
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            bindAddress: "::"
            bindAddressHardFail: false
            clientConnection:
              acceptContentTypes: ""
              burst: 10
              contentType: application/vnd.kubernetes.protobuf
              kubeconfig: ""
              qps: 5
            clusterCIDR: ""
            configSyncPeriod: 15m0s
            conntrack:
              maxPerCore: 32768
              min: 131072
              tcpBeLiberal: false
              tcpCloseWaitTimeout: 1h0m0s
              tcpEstablishedTimeout: 24h0m0s
              udpStreamTimeout: 0s
              udpTimeout: 0s
            detectLocal:
              bridgeInterface: ""
              interfaceNamePrefix: ""
            detectLocalMode: ""
            enableProfiling: false
            healthzBindAddress: 0.0.0.0:10256
            hostnameOverride: ""
            iptables:
              localhostNodePorts: true
              masqueradeAll: false
              masqueradeBit: 14
              minSyncPeriod: 0s
              syncPeriod: 0s
            ipvs:
              excludeCIDRs: null
              minSyncPeriod: 0s
              scheduler: ""
              strictARP: false
              syncPeriod: 0s
              tcpFinTimeout: 0s
              tcpTimeout: 0s
              udpTimeout: 0s
            kind: KubeProxyConfiguration
            logging:
              flushFrequency: 5s
              format: text
              options:
                json:
                  infoBufferSize: "0"
                text:
                  infoBufferSize: "0"
              verbosity: 0
            metricsBindAddress: 127.0.0.1:10249
            mode: nftables
            nftables:
              masqueradeAll: false
              masqueradeBit: 14
              minSyncPeriod: 1s
              syncPeriod: 30s
            nodePortAddresses:
            - primary
            oomScoreAdj: -999
            portRange: ""
            showHiddenMetricsForVersion: ""
            winkernel:
              enableDSR: false
              forwardHealthCheckVip: false
              networkName: ""
              rootHnsEndpointName: ""
              sourceVip: ""

            """);
    }

    [Fact]
    public void WhatIsWrittenReadsTheSameAgain()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            KubeProxyConfiguration configuration = new RandomConfiguration(seed).Next();

            Read(ConfigurationWriter.ToYaml(configuration)).Should().Be(configuration);
            Read(ToJson(configuration)).Should().Be(configuration);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    /// <summary>Spec 11.4.</summary>
    [Theory]
    [InlineData("iptables", "iptables")]
    [InlineData("", "iptables")]
    [InlineData("nftables", "nftables")]
    [InlineData("ipvs", "ipvs")]
    public void OnlyTheSectionOfTheModeHasPeriods(string mode, string section)
    {
        using JsonDocument document = JsonDocument.Parse(ToJson(new KubeProxyConfiguration { Mode = mode }));

        foreach (string name in (string[])["iptables", "nftables", "ipvs"])
        {
            document.RootElement.GetProperty(name).GetProperty("syncPeriod").GetString().Should().Be(name == section ? "30s" : "0s");
        }
    }

    [Fact]
    public void AFileIsReplacedInOneStep()
    {
        string folder = Directory.CreateTempSubdirectory("config-writer-").FullName;
        string path = Path.Combine(folder, "config.yaml");
        File.WriteAllText(path, new string('x', 10000));

        ConfigurationWriter.WriteFile(path, new KubeProxyConfiguration());

        ConfigurationReader.ReadFile(path).Value.Should().Be(new KubeProxyConfiguration());
        Directory.GetFiles(folder).Should().Equal(path);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The name of this process stands for a device: it takes any text, and can never be replaced by a file.</summary>
    [Fact]
    public void DevicesAndLinksAreWrittenThrough()
    {
        string folder = Directory.CreateTempSubdirectory("config-writer-").FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "link"), "target");
        File.CreateSymbolicLink(Path.Combine(folder, "device"), "/proc/self/comm");
        File.WriteAllText(Path.Combine(folder, "target"), "");

        ConfigurationWriter.WriteFile(Path.Combine(folder, "link"), new KubeProxyConfiguration());
        ConfigurationWriter.WriteFile(Path.Combine(folder, "device"), new KubeProxyConfiguration());

        File.ReadAllText(Path.Combine(folder, "target")).Should().StartWith("apiVersion");
        new FileInfo(Path.Combine(folder, "link")).LinkTarget.Should().Be("target");
        File.ReadAllText("/proc/self/comm").Should().StartWith("apiVersion");
        Directory.Delete(folder, recursive: true);
    }

    private static string ToJson(KubeProxyConfiguration configuration)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            FieldOutput.Write(configuration, new JsonFieldWriter(json));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static KubeProxyConfiguration Read(string text)
    {
        LoadedConfiguration loaded = ConfigurationReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        loaded.StrictProblems.Should().BeEmpty();
        return loaded.Value;
    }

    /// <summary>Random configurations in the form that reading gives: sections of other modes have their defaults.</summary>
    private sealed class RandomConfiguration(int seed)
    {
        private static readonly string[] s_texts =
        [
            "a", "true", "Null", "1.35", "0x1f", "1e3", "12:30:00", "2001-01-01", "~", "- x", "a: b", "a #b", "#", "'", "\"\\", "é€😀", "tab\t", "line\nbreak", " blank ",
            "10.0.0.0/8", "fd00::/8", "::1", "[::]:1", "192.0.2.1:80", "key:", "*", "&x", "!t", "%", "@", "`", "{", "]", ",", "?", "|", ">", "y", "No", "010", "0o7", ".5", "+1", "-", "--- ", "\u0085\u2028\ufeff", "5s", "1_0", "=", "<<", "64Ki", "/etc/x",
        ];

        private readonly Random _random = new(seed);

        public KubeProxyConfiguration Next()
        {
            string mode = Pick("", "iptables", "nftables", "ipvs");
            KubeProxyConfiguration defaults = new();
            return new KubeProxyConfiguration
            {
                FeatureGates = [.. Enumerable.Range(0, _random.Next(3)).Select(index => new FeatureGate($"Gate{index}", Flag()))],
                ClientConnection = new() { Kubeconfig = Text(), AcceptContentTypes = Text(), ContentType = Text(), Qps = Pick(0.1f, 5, 1e8f, 3.4e38f, -1.5f, 1e-7f), Burst = _random.Next(1, 100) },
                Logging = new()
                {
                    Format = Text(),
                    FlushFrequency = Duration(),
                    Verbosity = _random.Next(),
                    Vmodule = [.. Enumerable.Range(0, _random.Next(3)).Select(_ => new VerbosityRule(Text(), _random.Next()))],
                    Text = new() { SplitStream = Flag(), InfoBufferSize = Text() },
                    Json = new() { SplitStream = Flag(), InfoBufferSize = Text() },
                },
                HostnameOverride = Text(),
                BindAddress = Text(),
                HealthzBindAddress = Text() + ":",
                MetricsBindAddress = Text() + ":",
                BindAddressHardFail = Flag(),
                EnableProfiling = Flag(),
                ShowHiddenMetricsForVersion = Text(),
                Mode = mode,
                Iptables = new()
                {
                    MasqueradeBit = _random.Next(),
                    MasqueradeAll = mode != "nftables" && Flag(),
                    LocalhostNodePorts = Flag(),
                    SyncPeriod = mode is "" or "iptables" ? Duration() : defaults.Iptables.SyncPeriod,
                    MinSyncPeriod = mode is "" or "iptables" ? Duration() : defaults.Iptables.MinSyncPeriod,
                },
                Nftables = new()
                {
                    MasqueradeBit = _random.Next(),
                    MasqueradeAll = mode == "nftables" && Flag(),
                    SyncPeriod = mode == "nftables" ? Duration() : defaults.Nftables.SyncPeriod,
                    MinSyncPeriod = mode == "nftables" ? Duration() : defaults.Nftables.MinSyncPeriod,
                },
                Ipvs = new()
                {
                    SyncPeriod = mode == "ipvs" ? Duration() : defaults.Ipvs.SyncPeriod,
                    MinSyncPeriod = mode == "ipvs" ? Duration() : default,
                    Scheduler = Text(),
                    ExcludeCidrs = [.. Enumerable.Range(0, _random.Next(3)).Select(_ => Text())],
                    StrictArp = Flag(),
                    TcpTimeout = Duration(),
                    TcpFinTimeout = Duration(),
                    UdpTimeout = Duration(),
                },
                Winkernel = new() { NetworkName = Text(), SourceVip = Text(), EnableDsr = Flag(), RootHnsEndpointName = Text(), ForwardHealthCheckVip = Flag() },
                DetectLocalMode = Text(),
                DetectLocal = new() { BridgeInterface = Text(), InterfaceNamePrefix = Text() },
                ClusterCidr = Text(),
                NodePortAddresses = [.. Enumerable.Range(0, _random.Next(3)).Select(_ => Text())],
                OomScoreAdj = _random.Next(int.MinValue, int.MaxValue),
                Conntrack = new() { MaxPerCore = _random.Next(), Min = _random.Next(), TcpEstablishedTimeout = Duration(), TcpCloseWaitTimeout = Duration(), TcpBeLiberal = Flag(), UdpTimeout = Duration(), UdpStreamTimeout = Duration() },
                ConfigSyncPeriod = Duration(),
                PortRange = Text(),
                WindowsRunAsService = Flag(),
            };
        }

        private bool Flag() => _random.Next(2) == 0;

        private string Text() => Pick(s_texts);

        private TimeSpan Duration() => TimeSpan.FromTicks(Pick(1, 15, 10_000, 12_345_678, 300_000_000, TimeSpan.TicksPerDay) * _random.Next(1, 100));

        private T Pick<T>(params T[] values) => values[_random.Next(values.Length)];
    }
}
