using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Run;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Logging;
using KubeProxySharp.Proxy.Tests.Observability.Health;
using KubeProxySharp.Proxy.Tests.Observability.Serving;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>A start while the API server is away: the agent says so, and is not taken for dead.</summary>
public sealed class StartTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly ManualTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task WhatIsWaitedForIsLoggedAtOnceAndEveryMinute()
    {
        RecordingLogger log = new();
        ProxyHealth health = new(TimeSpan.FromSeconds(30), _time);
        TaskCompletionSource<int> step = new();
        Task<int> wait = new StartupWait(health, log, _time).UntilAsync(step.Task, "the API server");

        health.Read().WaitsFor.Should().Be("the API server");
        log.Lines.Should().Equal("Waiting for the API server; rules in the kernel stay as they are meanwhile");
        _time.Advance(TimeSpan.FromSeconds(59));
        log.Lines.Should().HaveCount(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => log.Lines.Count == 2 && _time.TimerCount == 1);
        _time.Advance(TimeSpan.FromSeconds(60));
        await UntilAsync(() => log.Lines.Count == 3);
        log.Lines.Last().Should().Be("Still waiting for the API server, for 2 min; rules in the kernel stay as they are meanwhile");

        step.SetResult(7);
        (await wait).Should().Be(7);
        health.Read().WaitsFor.Should().BeEmpty();
    }

    [Fact]
    public async Task WhatIsThereAlreadyIsNotSaid()
    {
        RecordingLogger log = new();

        await new StartupWait(new ProxyHealth(TimeSpan.FromSeconds(30), _time), log, _time).UntilAsync(Task.FromResult(true), "nothing");

        log.Lines.Should().BeEmpty();
    }

    [Fact]
    public async Task TheNodeIsWaitedForStepByStep()
    {
        ProxyHealth health = new(TimeSpan.FromSeconds(30), _time);
        NodeLookup wait = new("node-a", new BufferedNodeSink(), new StartupWait(health, NullLogger.Instance, _time), NullLogger.Instance, _time);
        Task done = wait.WaitAsync(needsPodCidr: false, CancellationToken.None);

        health.Read().WaitsFor.Should().Be("the API server to answer for Node \"node-a\"");
        ((IResourceSink<Node>)wait).Listed();
        await UntilAsync(() => health.Read().WaitsFor == "Node \"node-a\" to exist and have an address, at most 30 s");
        wait.Put(new Node { Name = "node-a", Addresses = [new("InternalIP", "192.0.2.1")] });
        await done.WaitAsync(s_limit);
        health.Read().WaitsFor.Should().BeEmpty();
    }

    [Fact]
    public async Task APartThatFailsEndsTheWait()
    {
        using CancellationTokenSource end = new();
        await using AgentTasks parts = new(NullLogger.Instance, end);
        TaskCompletionSource<int> step = new();
        end.Token.Register(() => step.TrySetCanceled());
        parts.Add(Task.FromException(new IOException("the port is busy")));

        await FluentActions.Awaiting(() => parts.UntilAsync(step.Task)).Should().ThrowAsync<IOException>().WithMessage("the port is busy");
    }

    [Fact]
    public async Task PartsEndBeforeWhatTheyUse()
    {
        using CancellationTokenSource end = new();
        Task part;
        await using (AgentTasks parts = new(NullLogger.Instance, end))
        {
            part = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token);
            parts.Add(part);
        }

        part.IsCompleted.Should().BeTrue();
    }

    /// <summary>A request may fail at the very moment of the stop: the agent was told to end, and ends well.</summary>
    [Fact]
    public async Task WhatFailsAfterTheStopIsNoErrorOfTheAgent()
    {
        using CancellationTokenSource end = new();
        await using AgentTasks parts = new(NullLogger.Instance, end);
        TaskCompletionSource part = new();
        parts.Add(part.Task);
        Task wait = parts.WaitAsync();

        await end.CancelAsync();
        part.SetException(new IOException("connection refused"));

        await wait.WaitAsync(s_limit);
    }

    [Fact]
    public async Task WhatFailsBeforeTheStopEndsTheAgent()
    {
        using CancellationTokenSource end = new();
        await using AgentTasks parts = new(NullLogger.Instance, end);
        parts.Add(Task.FromException(new IOException("broken")));

        await FluentActions.Awaiting(parts.WaitAsync).Should().ThrowAsync<IOException>().WithMessage("broken");
    }

    /// <summary>The whole agent, with a server that refuses connections.</summary>
    [Fact]
    public async Task ProbesAreAnsweredWhileTheServerIsAway()
    {
        using Socket closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, but nobody listens
        string address = $"127.0.0.1:{HttpHostFixture.FreePort()}";
        RunOptions options = new()
        {
            Configuration = new KubeProxyConfiguration
            {
                Mode = ProxyMode.Nftables,
                HostnameOverride = "node-a",
                HealthzBindAddress = address,
                MetricsBindAddress = $"127.0.0.1:{HttpHostFixture.FreePort()}",
            },
            Master = $"http://{closed.LocalEndPoint}",
        };
        using MemoryStream log = new();
        using AgentLogging logging = AgentLogging.Create(options.Configuration, log, log, TimeProvider.System);
        using CancellationTokenSource stop = new();
        Task<int> running = new NodeAgent(options, logging, AgentHost.OfProcess(TimeProvider.System)).RunAsync(stop.Token);
        using HttpClient client = new() { Timeout = s_limit };
        await UntilAsync(async () => (await AskAsync(client, $"http://{address}/livez")).Status == 200);

        (int status, string text) = await AskAsync(client, $"http://{address}/healthz?verbose");
        running.IsCompleted.Should().BeFalse();
        await stop.CancelAsync();
        await FluentActions.Awaiting(() => running.WaitAsync(s_limit)).Should().ThrowAsync<OperationCanceledException>();

        status.Should().Be(503);
        text.Should().StartWith("[-]start waits for the API server to answer for Node \"node-a\"\n");
    }

    private static async Task<(int Status, string Text)> AskAsync(HttpClient client, string address)
    {
        try
        {
            using HttpResponseMessage reply = await client.GetAsync(new Uri(address));
            return ((int)reply.StatusCode, await reply.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException)
        {
            return (0, "");
        }
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource bound = new(s_limit);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bound.Token);
        }
    }
}
