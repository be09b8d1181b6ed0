using System.Net.Sockets;
using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>
/// A node for the real program: a network namespace with real rules, and an API server that listens on the loopback of it.
/// </summary>
internal sealed class AgentLab : IAsyncDisposable
{
    /// <summary>How long anything is waited for: far more than it takes on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private const int ServerPort = 6443;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    /// <summary>The least time between syncs; zero would mean the default of a second.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(1);
    private static readonly IpFamily[] s_families = [IpFamily.IPv4, IpFamily.IPv6];
    private static readonly ResourceType[] s_types = [ResourceType.Services, ResourceType.EndpointSlices, ResourceType.Nodes, ResourceType.ServiceCidrs];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kube-proxy-sharp-lab-");
    private readonly SocketsHttpHandler _http;
    private string _mode = ProxyMode.Nftables;
    private string _variant = IptablesVariants.Nft;
    private string _nodeName = ApiObjects.NodeName;
    private AgentProcess? _agent;

    private AgentLab(LabNamespace network, FakeApiServer server)
    {
        Network = network;
        Server = server;
        _http = new SocketsHttpHandler { ConnectCallback = async (context, cancellation) => new NetworkStream(await ConnectAsync(context, cancellation), ownsSocket: true) };
        Http = new HttpClient(_http, disposeHandler: false) { Timeout = Patience };
    }

    public LabNamespace Network { get; }

    public FakeApiServer Server { get; }

    /// <summary>Speaks to the node's ports from inside.</summary>
    public HttpClient Http { get; }

    /// <summary>The running program.</summary>
    public AgentProcess Agent => _agent ?? throw new InvalidOperationException("start the agent first");

    /// <summary>Where the agent finds its credentials.</summary>
    public string KubeconfigPath => Path.Combine(_directory.FullName, "kubeconfig");

    /// <summary>A file of the lab's own.</summary>
    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Skips the test, with the reason, where namespaces or tools are missing; REQUIRE_NETNS=1 fails instead.</summary>
    /// <param name="configure">Sets how the server behaves.</param>
    /// <param name="addresses">Addresses of the node besides those of loopback; null for the usual ones.</param>
    public static async Task<AgentLab> CreateOrSkipAsync(Action<FakeApiOptions>? configure = null, IEnumerable<string>? addresses = null)
    {
        NetworkNamespace.RunOrSkip(static () => { }, "ip", "nft", "iptables-nft", "iptables-legacy");
        LabNamespace network = LabNamespace.Create("agent");
        try
        {
            string[] commands = [.. (addresses ?? ApiObjects.NodeAddresses).Select(address => $"addr add {address} dev lo{(address.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}\n")];
            network.Inside(() => ChildProcess.Run("ip", string.Concat(commands), "-batch", "-"));
            FakeApiOptions options = new()
            {
                SecurePort = ServerPort,
                Bind = point => network.Inside(() => SocketTransportOptions.CreateDefaultBoundListenSocket(point)),
            };
            configure?.Invoke(options);
            AgentLab lab = new(network, await FakeApiServer.StartAsync(options));
            File.WriteAllText(lab.KubeconfigPath, lab.Server.Kubeconfig());
            return lab;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Puts objects into the server.</summary>
    public void Put(params string[] objects)
    {
        foreach (string json in objects)
        {
            Server.Store.Put(json);
        }
    }

    /// <summary>Makes the objects of a list the only ones of the server.</summary>
    public void Replace(string list)
    {
        HashSet<(string Kind, string Space, string Name)> kept = [];
        foreach (System.Text.Json.Nodes.JsonNode? item in System.Text.Json.Nodes.JsonNode.Parse(list)!["items"]!.AsArray())
        {
            kept.Add(ApiObjects.KeyOf(item!.ToJsonString()));
        }

        foreach (ResourceType type in s_types)
        {
            foreach ((string Kind, string Space, string Name) key in Server.Store.All(type).Select(ApiObjects.KeyOf).Where(key => !kept.Contains(key)))
            {
                Server.Store.Delete(type, key.Space.Length == 0 ? null : key.Space, key.Name);
            }
        }

        Server.Store.Load(list);
    }

    /// <summary>Starts the agent, or the next one.</summary>
    /// <param name="configuration">What it is asked for; the lab adds what concerns the lab.</param>
    /// <param name="mode">One of <see cref="ProxyMode"/>.</param>
    /// <param name="variant">One of <see cref="IptablesVariants"/>.</param>
    /// <param name="nodeName">Name of the node.</param>
    public AgentProcess StartAgent(
        KubeProxyConfiguration? configuration = null,
        string mode = ProxyMode.Nftables,
        string variant = IptablesVariants.Nft,
        string nodeName = ApiObjects.NodeName)
    {
        configuration ??= new KubeProxyConfiguration();
        (_mode, _variant, _nodeName) = (mode, variant, nodeName);
        ConfigurationWriter.WriteFile(PathOf("config.yaml"), configuration with
        {
            Mode = mode,
            HostnameOverride = nodeName,
            ClientConnection = configuration.ClientConnection with { Kubeconfig = KubeconfigPath },
            HealthzBindAddress = "127.0.0.1:10256",
            // The node's own limits are nothing that a namespace may set.
            Conntrack = new() { MaxPerCore = 0, Min = 0, TcpEstablishedTimeout = TimeSpan.Zero, TcpCloseWaitTimeout = TimeSpan.Zero },
            OomScoreAdj = 0,
            Logging = configuration.Logging with { Verbosity = 4 },
            Iptables = configuration.Iptables with { MinSyncPeriod = s_soon },
            Nftables = configuration.Nftables with { MinSyncPeriod = s_soon },
        });
        _agent = AgentProcess.Start(Network, PathOf("xtables.lock"), PathOf("config.yaml"), variant);
        return _agent;
    }

    /// <summary>The rules in the kernel. Chains that nothing leads to any more go a little later and are left out.</summary>
    public IReadOnlyList<string> Kernel(IpFamily family) => _mode == ProxyMode.Nftables
        ? NftTable(family)
        : TestNode.Canonical(Network.Inside(() => ConsistentRules.List(() => ChildProcess.Run(TestNode.Tools(family, _variant).Save, ""))));

    /// <summary>The table of nftables mode in the kernel.</summary>
    public IReadOnlyList<string> NftTable(IpFamily family) => Network.Inside(() => Testing.NftTable.List(family == IpFamily.IPv4 ? "ip" : "ip6"));

    /// <summary>Waits until both families in the kernel are what the dry run makes of the server's objects.</summary>
    /// <param name="patience">How long; null for the usual.</param>
    public Task UntilRulesAreThereAsync(TimeSpan? patience = null)
    {
        string objects = PathOf("objects.json");
        File.WriteAllText(objects, ApiObjects.List(s_types.SelectMany(Server.Store.All)));
        IpAddress[] addresses = [.. Network.Inside(Proxy.Commands.Inputs.InterfaceAddresses.Read)];
        (IpFamily Family, IReadOnlyList<string> Rules)[] expected =
            [.. s_families.Select(family => (family, KernelRules.WithoutSlots(DryRunRules.Make(objects, PathOf("config.yaml"), _mode, _nodeName, addresses, family))))];
        string difference = "";
        return UntilAsync(
            () => Array.TrueForAll(expected, part =>
            {
                IReadOnlyList<string> actual = KernelRules.WithoutSlots(KernelRules.WithoutForgottenChains(Kernel(part.Family), part.Rules));
                bool isEqual = actual.SequenceEqual(part.Rules);
                difference = isEqual ? "" : TextDiff.Describe(part.Rules, actual);
                return isEqual;
            }),
            () => difference,
            patience);
    }

    /// <summary>Waits for a line of the agent's log.</summary>
    /// <param name="text">What it contains.</param>
    /// <param name="times">How often.</param>
    public Task UntilLoggedAsync(string text, int times = 1) => UntilAsync(() => Agent.Count(text) >= times, () => $"nothing was logged like: {text}");

    /// <summary>Waits for a condition; the agent must go on running meanwhile.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="describe">Says what is there instead.</param>
    /// <param name="patience">How long; null for the usual.</param>
    public async Task UntilAsync(Func<bool> condition, Func<string> describe, TimeSpan? patience = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (_agent is { HasExited: true } || TimeProvider.System.GetElapsedTime(start) > (patience ?? Patience))
            {
                throw new TimeoutException($"{(_agent is { HasExited: true } ? "the agent has ended" : "not in time")}: {describe()}\n{_agent?.Log}");
            }

            await Task.Delay(s_look, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _http.Dispose();
        Network.Dispose();
        await Server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task<Socket> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        Socket socket = Network.Inside(static () => new Socket(SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
