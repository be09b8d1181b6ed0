using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Flows;

/// <summary>A real agent on manifests in a network namespace of its own, with endpoints on loopback.</summary>
internal sealed class FlowLab : IDisposable
{
    public const string ClusterIP = "10.96.0.10";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-flows-").FullName;
    private readonly LabNamespace _network;
    private readonly ConntrackTable _table;
    private readonly List<Socket> _sockets = [];
    private readonly List<string> _files = [];
    private readonly string[] _options;
    private System.Diagnostics.Process _agent;

    /// <summary>Starts the agent with one UDP and one TCP Service, both with some endpoints.</summary>
    public FlowLab(string endpoints, params string[] options)
    {
        _options = options;
        _network = LabNamespace.Create("flows");
        foreach (string address in (string[])["10.244.1.5", "10.244.1.6", "10.244.1.200", "10.96.0.10"])
        {
            _network.Run("ip", "address", "add", address + "/32", "dev", "lo");
        }

        _table = _network.Inside(ConntrackTable.Open);
        Write(endpoints);
        _agent = Start();
        WaitForRules();
    }

    public LabNamespace Network => _network;

    /// <summary>Where the manifests are.</summary>
    public string ManifestPath => _directory;

    public static void SkipUnlessPossible()
    {
        bool isPossible = Environment.IsPrivilegedProcess && ChildProcess.Exists("nft") && ChildProcess.Exists("ip") && ChildProcess.Exists("conntrack");
        if (!isPossible && Environment.GetEnvironmentVariable("REQUIRE_NETNS") == "1")
        {
            throw new InvalidOperationException("these tests need root, nft, ip and conntrack");
        }

        Skip.IfNot(isPossible, "needs root, nft, ip and conntrack");
    }

    /// <summary>Writes the manifests: endpoints of the two Services, or no Services at all for null.</summary>
    public void Write(string? endpoints, string other = "")
    {
        string text = "kind: Node\napiVersion: v1\nmetadata: {name: node-a}\n";
        foreach ((string name, string protocol) in (ReadOnlySpan<(string, string)>)[("web-udp", "UDP"), ("web-tcp", "TCP")])
        {
            if (endpoints is not null)
            {
                text += $"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{clusterIP: {ClusterIP}, ports: [{{name: p, port: 53, protocol: {protocol}}}]}}\n";
                text += $"---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: {name}-1, namespace: shop, labels: {{kubernetes.io/service-name: {name}}}}}\naddressType: IPv4\n";
                text += $"ports: [{{name: p, port: 5353, protocol: {protocol}}}]\nendpoints: [{string.Join(", ", endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(address => $"{{addresses: [{address}]}}"))}]\n";
            }
        }

        string temporary = Path.Combine(_directory, "cluster.tmp");
        File.WriteAllText(temporary, text + other);
        File.Move(temporary, Path.Combine(_directory, "cluster.yaml"), overwrite: true);
    }

    /// <summary>Removes a file with the lab.</summary>
    public void Remove(string path) => _files.Add(path);

    /// <summary>Ends the agent; its rules stay.</summary>
    public void Stop()
    {
        ChildProcess.Run("kill", "", "-TERM", $"{_agent.Id}");
        _agent.WaitForExit();
    }

    /// <summary>Ends the agent, and starts it again.</summary>
    public void Restart()
    {
        Stop();
        _agent = Start();
        WaitForRules();
    }

    public Socket Listen(string address, ProtocolType protocol = ProtocolType.Udp) => _network.Inside(() =>
    {
        Socket socket = new(AddressFamily.InterNetwork, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
        socket.Bind(new IPEndPoint(Parse(address), protocol == ProtocolType.Udp && address == "10.244.1.200" ? 4444 : 5353));
        if (protocol == ProtocolType.Tcp)
        {
            socket.Listen();
        }

        _sockets.Add(socket);
        return socket;
    });

    public Socket HandlerFactory() => _network.Inside(() =>
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(new IPEndPoint(Parse(ClusterIP), 53));
        _sockets.Add(socket);
        return socket;
    });

    public static void Send(Socket client) => client.SendTo("ping"u8, new IPEndPoint(Parse(ClusterIP), 53));

    public static bool Receives(Socket server, TimeSpan limit) => server.Poll(limit, SelectMode.SelectRead) && server.Receive(new byte[64]) > 0;

    /// <summary>Puts flows to the UDP Service into the table.</summary>
    public void Insert(string endpoint, int count) => _network.Inside(() => Node.Tests.Conntrack.MixedTable.FillUdp($"{ClusterIP}:53", $"{endpoint}:5353", count));

    /// <summary>The flows to the Services; the table also has those of the test's own requests.</summary>
    public IReadOnlyList<ConntrackEntry> Flows() => [.. Node.Tests.Conntrack.ConntrackTableTests.Read(_table, ConntrackFilter.All).Where(flow => flow.Original.DestinationPort == 53)];

    /// <summary>Waits for a condition; how long does not matter, only that it comes.</summary>
    public void Wait(Func<bool> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            TimeProvider.System.GetElapsedTime(start).Should().BeLessThan(s_limit, what + "\n" + Log);
            Thread.Sleep(5);
        }
    }

    /// <summary>The sum of a metric's series.</summary>
    public double Metric(string name)
    {
        ChildProcess.Result page = ChildProcess.Try("ip", "", "netns", "exec", _network.Name, "curl", "-sf", "http://127.0.0.1:10249/metrics");
        return page.Output.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Sum(line => double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    public string Log => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    private static IPAddress Parse(string address)
    {
        byte[] bytes = new byte[4];
        RuleModel.Addresses.IpAddress.Parse(address).WriteBytes(bytes);
        return new(bytes);
    }

    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _table.Dispose();
        _network.Dispose();
        Directory.Delete(_directory, recursive: true);
        File.Delete(LogPath);
        _files.ForEach(File.Delete);
    }

    private string LogPath => _directory + ".log";

    private System.Diagnostics.Process Start()
    {
        string script = "exec \"$0\" \"$@\" 2>\"$KPS_LOG\"";
        return _network.Start(
            "sh",
            [
                "-c", script, ProgramUnderTest.Path, "run", $"--manifests={_directory}", "--hostname-override=node-a", .. Mode, "--conntrack-max-per-core=0",
                "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s", "--oom-score-adj=0", "-v=4", .. _options,
            ],
            start => start.Environment["KPS_LOG"] = LogPath);
    }

    private string[] Mode => Array.Exists(_options, option => option.StartsWith("--proxy-mode", StringComparison.Ordinal)) ? [] : ["--proxy-mode=nftables"];

    private void WaitForRules() => Wait(() => Metric("kubeproxysharp_conntrack_passes_total") > 0, "the agent writes rules and passes over the flows");
}
