using System.Collections.Concurrent;
using System.Diagnostics;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Tests.Agent.Watch;

public sealed class ManifestSourceTests : IAsyncDisposable
{
    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}]}
        """;

    private const string Slice = """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.1.0.1]}]
        """;

    private const string Node = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        """;

    /// <summary>Longer than any look takes on a slow machine, and short enough to wait for.</summary>
    private static readonly TimeSpan s_settleTime = TimeSpan.FromSeconds(2);

    private readonly Lines _log = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("manifests-");
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<NamespacedName, Service> _services = [];
    private readonly ClusterFeed _feed = new(static () => { }, static _ => { }, static () => { });
    private Task _running = Task.CompletedTask;

    [Fact]
    public async Task ObjectsArriveAndTheFeedIsListed()
    {
        Write("all.yaml", Service + "\n---\n" + Node);
        Start();

        await UntilAsync(() => _feed.IsListed && _services.Count == 1);
        _feed.Nodes.Take().Keys.Should().Equal(new NamespacedName("", "node-a"));
    }

    [Fact]
    public async Task ChangesAndRemovalsArrive()
    {
        Write("all.yaml", Service);
        Start();
        await UntilAsync(() => _services.Count == 1);

        Write("all.yaml", Service.Replace("port: 80", "port: 81", StringComparison.Ordinal));
        await UntilAsync(() => _services.Values.Single().Ports[0].Port == 81);

        Write("more.yaml", Service.Replace("name: web", "name: db", StringComparison.Ordinal));
        await UntilAsync(() => _services.Count == 2);

        File.Delete(Path.Combine(_directory.FullName, "all.yaml"));
        await UntilAsync(() => _services.Count == 1);
        _services.Keys.Should().Equal(new NamespacedName("shop", "db"));
    }

    [Theory]
    [InlineData("kind: Service\n  broken: [")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: 70000}]}")]
    public async Task BrokenInputKeepsTheLastGoodState(string broken)
    {
        Write("all.yaml", Service);
        Start();
        await UntilAsync(() => _services.Count == 1);

        Write("all.yaml", broken);
        await Task.Delay(3 * ManifestSource.PollInterval, TimeProvider.System, CancellationToken.None);
        Take();
        _services.Should().ContainSingle();

        Write("all.yaml", Service.Replace("port: 80", "port: 81", StringComparison.Ordinal));
        await UntilAsync(() => _services.Values.Single().Ports[0].Port == 81);
    }

    [Fact]
    public async Task WithoutAnyGoodInputNothingIsListed()
    {
        Write("all.yaml", "kind: [");
        Start();

        await Task.Delay(3 * ManifestSource.PollInterval, TimeProvider.System, CancellationToken.None);

        _feed.IsListed.Should().BeFalse("rules that are there must stay");
    }

    /// <summary>A mounted ConfigMap changes by the swap of a symbolic link.</summary>
    [Fact]
    public async Task TheSwapOfALinkIsSeen()
    {
        DirectoryInfo first = _directory.CreateSubdirectory("..1");
        DirectoryInfo second = _directory.CreateSubdirectory("..2");
        File.WriteAllText(Path.Combine(first.FullName, "all.yaml"), Service);
        File.WriteAllText(Path.Combine(second.FullName, "all.yaml"), Service.Replace("port: 80", "port: 8443", StringComparison.Ordinal));
        string data = Path.Combine(_directory.FullName, "..data");
        Directory.CreateSymbolicLink(data, "..1");
        File.CreateSymbolicLink(Path.Combine(_directory.FullName, "all.yaml"), "..data/all.yaml");
        Start();
        await UntilAsync(() => _services.Count == 1);

        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, "..2");

        await UntilAsync(() => _services.Values.Single().Ports[0].Port == 8443);
    }

    /// <summary>Whoever takes when the first Service of a reading arrives gets its EndpointSlice as well.</summary>
    [Fact]
    public async Task WhatIsReadTogetherIsTakenTogether()
    {
        TaskCompletionSource<(int Services, int Slices)> taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ClusterFeed feed = null!;
        int calls = 0;
        feed = new(static () => { }, _ =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                Thread taker = new(() =>
                {
                    lock (feed.BatchLock)
                    {
                        taken.SetResult((feed.Services.Take().Count, feed.EndpointSlices.Take().Count));
                    }
                });
                taker.Start();
                taker.Join(TimeSpan.FromMilliseconds(100));
            }
        }, static () => { });
        Write("all.yaml", Service + "\n---\n" + Slice);

        _running = new ManifestSource([_directory.FullName], feed, _log, TimeProvider.System, s_settleTime, static _ => { }).RunAsync(_stop.Token);

        (await taken.Task.WaitAsync(TimeSpan.FromSeconds(30))).Should().Be((1, 1));
    }

    /// <summary>A shell empties the file of <c>kubectl get ... &gt;DIR/a.yaml</c> before kubectl has the first object.</summary>
    [Trait("Category", "Slow")]
    [Theory]
    [InlineData("")]
    [InlineData("---\n")]
    [InlineData(Service)]
    public async Task AFileThatLostMostOfItsObjectsIsTakenOverWhenItHasRested(string rest)
    {
        Write("all.yaml", string.Join("\n---\n", Service, Named("db"), Named("mail")));
        Write("more.yaml", Named("other"));
        Start();
        await UntilAsync(() => _services.Count == 4);

        Stopwatch sinceWritten = Stopwatch.StartNew();
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "all.yaml"), rest);

        await UntilAsync(() => _log.Contains("all.yaml lost") || _services.Count != 4);
        _services.Should().HaveCount(4);
        await UntilAsync(() => _services.Count == (rest.Length > 10 ? 2 : 1));
        sinceWritten.Elapsed.Should().BeGreaterThan(s_settleTime - TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public async Task AFileThatIsWholeAgainIsTakenAtOnceAndNothingWasLost()
    {
        Write("all.yaml", Service + "\n---\n" + Named("db"));
        Start();
        await UntilAsync(() => _services.Count == 2);

        Write("all.yaml", "");
        await UntilAsync(() => _log.Contains("all.yaml lost") || _services.Count != 2);
        Write("all.yaml", string.Join("\n---\n", Service, Named("db"), Named("mail")));
        await UntilAsync(() => _services.Count != 2);

        _services.Should().HaveCount(3);
    }

    [Fact]
    public async Task AFifoIsNamedAndTheOtherFilesAreRead()
    {
        Write("all.yaml", Service);
        MakeFifo("f.yaml");
        Start();

        await UntilAsync(() => _services.Count == 1 && _log.Contains("f.yaml: warning: is a FIFO"));
        Write("more.yaml", Named("db"));
        await UntilAsync(() => _services.Count == 2);
    }

    /// <summary>Tools that keep time stamps (cp -p, rsync -t, tar) leave size and time as they were.</summary>
    [Fact]
    public async Task AChangeOfTheSameSizeAndTimeIsSeen()
    {
        string file = Path.Combine(_directory.FullName, "all.yaml");
        Write("all.yaml", Service);
        DateTime stamp = File.GetLastWriteTimeUtc(file);
        Start();
        await UntilAsync(() => _services.Count == 1);

        await File.WriteAllTextAsync(file, Service.Replace("port: 80", "port: 81", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(file, stamp);

        await UntilAsync(() => _services.Values.Single().Ports[0].Port == 81);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Start() =>
        _running = new ManifestSource([_directory.FullName], _feed, _log, TimeProvider.System, s_settleTime, static _ => { }).RunAsync(_stop.Token);

    private void Write(string name, string text)
    {
        string temporary = Path.Combine(_directory.FullName, name + ".tmp");
        File.WriteAllText(temporary, text);
        File.Move(temporary, Path.Combine(_directory.FullName, name), overwrite: true);
    }

    private static string Named(string name) => Service.Replace("name: web", "name: " + name, StringComparison.Ordinal);

    private void MakeFifo(string name)
    {
        using Process process = Process.Start("mkfifo", [Path.Combine(_directory.FullName, name)]);
        process.WaitForExit();
        process.ExitCode.Should().Be(0);
    }

    private void Take()
    {
        foreach ((NamespacedName name, Service? service) in _feed.Services.Take())
        {
            if (service is null)
            {
                _services.Remove(name);
            }
            else
            {
                _services[name] = service;
            }
        }
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        while (true)
        {
            Take();
            if (condition())
            {
                return;
            }

            _running.IsFaulted.Should().BeFalse(_running.Exception?.ToString());
            limit.IsCancellationRequested.Should().BeFalse();
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private sealed class Lines : ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public bool Contains(string text) => _lines.Any(line => line.Contains(text, StringComparison.Ordinal));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception));
    }
}
