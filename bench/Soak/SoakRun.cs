using System.Diagnostics;
using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApiServer;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Soak;

/// <summary>One run: the cluster, the agent, and everything that happens to them at once.</summary>
internal sealed class SoakRun : IAsyncDisposable
{
    /// <summary>The first of the Services whose endpoints stay.</summary>
    public const int FirstStable = 1;

    /// <summary>How long the first rules, or those after the end, are waited for.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(9);

    private static readonly int[] s_stable = [.. Enumerable.Range(FirstStable, 8)];
    private static readonly int[] s_moving = [.. Enumerable.Range(FirstStable + 8, 8)];
    private static readonly int s_probed = FirstStable + 16;
    private static readonly int s_returned = FirstStable + 17;

    private readonly ApiServer _server;
    private readonly string _lockFile;
    private readonly TimeSpan _duration;

    private SoakRun(SoakOptions options, SoakNetwork network, ApiServer server, EventCount events)
    {
        Options = options;
        Network = network;
        Events = events;
        _server = server;
        _duration = TimeSpan.FromMinutes(options.Minutes);
        _lockFile = Path.Combine(options.Work, "xtables.lock");
        Tool = new RefusingTool(options, BadServices.RefusedAddress);
        Dialler = new Dialler(network, [.. s_stable, .. s_moving], Disturbances);
        Probe = new ChangeProbe(new ProbeService(network, server.Store, s_probed), Disturbances);
        Changes = new ClusterChanges(server.Store, options, s_moving);
        Outages = new ApiOutages(server, new ProbeService(network, server.Store, s_returned), Disturbances, _duration);
        Foreigner = new ForeignWriter(network.Node, options, _lockFile);
        Drift = new DriftMaker(network, Dialler, Disturbances, options, _lockFile);
        Flows = new FlowTraffic(network.Node, server.Store);
        Churn = new InterfaceChurn(network.Node, NoteNewAddress);
        Addresses = new AddressChanges(network, options, _lockFile, NoteNewAddress);
        Bad = new BadServices(server.Store, Tool);
    }

    public SoakOptions Options { get; }

    public EventCount Events { get; }

    public Dialler Dialler { get; }

    public ChangeProbe Probe { get; }

    public ClusterChanges Changes { get; }

    public ApiOutages Outages { get; }

    public ForeignWriter Foreigner { get; }

    public DriftMaker Drift { get; }

    public FlowTraffic Flows { get; }

    public InterfaceChurn Churn { get; }

    public AddressChanges Addresses { get; }

    public BadServices Bad { get; }

    /// <summary>The agent, once it was started.</summary>
    public AgentRun? Agent { get; private set; }

    /// <summary>What the agent used, once it was started.</summary>
    public UsageOverTime? Usage { get; private set; }

    /// <summary>From the start of the agent until its first rules were in the kernel.</summary>
    public TimeSpan FirstRules { get; private set; }

    /// <summary>What is wrong with the addresses at the end; null when they are right.</summary>
    public string? AddressFault { get; private set; } = "not looked at";

    private SoakNetwork Network { get; }

    private Disturbances Disturbances { get; } = new();

    private RefusingTool Tool { get; }

    /// <summary>Makes network and API server.</summary>
    public static async Task<SoakRun> CreateAsync(SoakOptions options, CancellationToken cancellationToken)
    {
        SoakNetwork network = new();
        EventCount events = new();
        try
        {
            ApiServer server = await ApiServer.StartAsync(
                new FakeApiOptions
                {
                    SecurePort = 6443,
                    Bind = point => network.Node.Inside(() => SocketTransportOptions.CreateDefaultBoundListenSocket(point)),
                    Intercept = events.SeeAsync,
                },
                cancellationToken);
            return new SoakRun(options, network, server, events);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Fills the cluster, starts the agent, lets everything happen for the time of the run, and looks at what is left.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        FillCluster();
        string kubeconfig = Path.Combine(Options.Work, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, _server.Kubeconfig(), cancellationToken);
        long begin = Stopwatch.GetTimestamp();
        Agent = AgentRun.Start(Network.Node, Options, kubeconfig, _lockFile, Tool.Directory);
        Usage = new UsageOverTime(Agent);
        await UntilAsync(() => Agent.Log.HasSynced, "first rules", cancellationToken);
        FirstRules = Stopwatch.GetElapsedTime(begin);
        foreach (int service in (int[])[.. s_stable, .. s_moving, s_probed, s_returned])
        {
            await UntilAnsweredAsync(service, cancellationToken);
        }

        await Changes.ChangeAllAsync(cancellationToken);
        Foreigner.Start();
        await DisturbAsync(cancellationToken);
        if (!Agent.HasExited)
        {
            AddressFault = await Addresses.CheckAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Network.Dispose();
        Agent?.Dispose();
    }

    private void FillCluster()
    {
        _server.Store.Put(UniformObjects.Node("node-1"));
        _server.Store.Put(UniformObjects.ServiceCidr());
        for (int number = 0; number < Options.Services; number++)
        {
            _server.Store.Put(UniformObjects.Service(number));
            _server.Store.Put(UniformObjects.Slice(number, Options.Endpoints, 0, null));
        }

        foreach (int number in s_stable)
        {
            _server.Store.Put(SoakServices.Service(number, number == FirstStable ? SoakServices.NodePort : null));
            _server.Store.Put(SoakServices.Slice(number, SoakNetwork.Pod(number), SoakNetwork.Pod(number + 20)));
        }

        foreach (int number in s_moving)
        {
            _server.Store.Put(SoakServices.Service(number));
            _server.Store.Put(SoakServices.Slice(number, SoakNetwork.Pod(40)));
        }

        foreach (int number in (int[])[s_probed, s_returned])
        {
            new ProbeService(Network, _server.Store, number).Create();
        }

        Flows.Create();
        Addresses.Create();
    }

    /// <summary>Runs all disturbances until time is up, one of them fails, or the agent ends.</summary>
    private async Task DisturbAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            Dialler.RunAsync(end.Token), Probe.RunAsync(end.Token), Changes.RunAsync(end.Token), Outages.RunAsync(end.Token), Drift.RunAsync(end.Token),
            Flows.RunAsync(end.Token), Churn.RunAsync(end.Token), Addresses.RunAsync(end.Token), Bad.RunAsync(end.Token), Usage!.RunAsync(end.Token),
            Pace.EveryAsync(TimeSpan.FromSeconds(10), TellProgress, end.Token), UntilOverAsync(end.Token),
        ];
        await Task.WhenAny(tasks);
        await end.CancelAsync();
        try
        {
            await Task.WhenAll(tasks);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && !tasks.Any(task => task.IsFaulted))
        {
            // Time is up: this is how they end.
        }
    }

    private async Task UntilOverAsync(CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < _duration && !Agent!.HasExited)
        {
            await Pace.WaitAsync(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private Task TellProgress()
    {
        // The server's list of requests would grow for as long as the run lasts.
        _server.Requests.Clear();
        if (!Console.IsOutputRedirected)
        {
            Console.WriteLine(
                $"{TimeProvider.System.GetUtcNow():HH:mm:ss} connections {Dialler.Made}, failed {Dialler.Failed.Count} (in drift {Dialler.FailedInDrift}); changes {Changes.Count}, "
                + $"to kernel {Probe.Usual}; full {Agent!.Log.Full.Values.Sum()}, updates {Agent.Log.Partial}; {Agent.ReadUsage()?.Resident:f0} MB");
        }

        return Task.CompletedTask;
    }

    /// <summary>In nftables mode an address is an element of a set, and no reason to write everything.</summary>
    private void NoteNewAddress()
    {
        if (!Options.IsNftables)
        {
            Agent!.Log.NoteNewAddress();
        }
    }

    private Task UntilAnsweredAsync(int service, CancellationToken cancellationToken) =>
        UntilAsync(() => Dialler.IsAnsweredAsync(service).GetAwaiter().GetResult(), $"an answer of {SoakServices.Name(service)}", cancellationToken);

    private async Task UntilAsync(Func<bool> condition, string what, CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Agent!.HasExited || Stopwatch.GetElapsedTime(begin) > s_patience)
            {
                throw new InvalidOperationException($"{(Agent.HasExited ? "the agent ended" : "time was up")} before there was {what}; its log is {Options.Work}/agent.log");
            }

            await Pace.WaitAsync(TimeSpan.FromMilliseconds(20), cancellationToken);
        }
    }
}
