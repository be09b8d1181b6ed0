using System.Globalization;
using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApiServer;

/// <summary>Carries out the commands.</summary>
internal sealed class ClusterControl(ServerOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private int _generation;
    private int _next;
    private StoreState? _saved;

    /// <summary>Set once the server runs.</summary>
    public KubeProxySharp.FakeApi.FakeApiServer? Server { get; set; }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>Does one command.</summary>
    /// <returns>What to print.</returns>
    public async Task<string> RunAsync(string command, CancellationToken cancellationToken)
    {
        KubeProxySharp.FakeApi.FakeApiServer server = Server ?? throw new InvalidOperationException("the server is not up yet");
        await _one.WaitAsync(cancellationToken);
        try
        {
            string[] arguments = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (arguments)
            {
                case ["touch", string count]:
                    return await TouchAsync(server, Number(count), 0, cancellationToken);
                case ["touch", string count, string rate]:
                    return await TouchAsync(server, Number(count), Number(rate), cancellationToken);
                case ["dns", string endpoint]:
                    server.Store.Put(UniformObjects.Dns());
                    server.Store.Put(UniformObjects.DnsSlice(endpoint));
                    return "dns " + endpoint;
                case ["stats"]:
                    return string.Create(
                        CultureInfo.InvariantCulture,
                        $"services {server.Store.Count(ResourceType.Services)} slices {server.Store.Count(ResourceType.EndpointSlices)} "
                        + $"resourceVersion {server.Store.ResourceVersion} watches {server.OpenWatches()} requests {server.Requests.All.Count} "
                        + $"workingSet {Environment.WorkingSet}");
                case ["down"]:
                    await server.StopListeningAsync();
                    return "down";
                case ["up"]:
                    await server.StartListeningAsync(cancellationToken);
                    return "up";
                case ["away", string kind] when Enum.TryParse(kind, ignoreCase: true, out OutageKind away) && Enum.IsDefined(away):
                    await server.StartOutageAsync(away);
                    return "away " + kind;
                case ["back"]:
                    await server.RecoverAsync(new RecoveryOptions(), cancellationToken);
                    return "back";
                case ["back", "restarted"]:
                    await server.RecoverAsync(new RecoveryOptions { IsRestarted = true }, cancellationToken);
                    return "back restarted";
                case ["save"]:
                    _saved = server.Store.Save();
                    return string.Create(CultureInfo.InvariantCulture, $"saved {_saved.Version}");
                case ["back", "restored"] when _saved is not null:
                    await server.RecoverAsync(new RecoveryOptions { RolledBackTo = _saved }, cancellationToken);
                    return "back restored";
                default:
                    return "unknown command: " + command;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Replaces the first endpoint of the next Services, round and round; the trigger annotation says when.</summary>
    private async Task<string> TouchAsync(KubeProxySharp.FakeApi.FakeApiServer server, int count, int rate, CancellationToken cancellationToken)
    {
        DateTimeOffset first = time.GetUtcNow();
        long begin = time.GetTimestamp();
        long version = 0;
        for (int done = 0; done < count; done++)
        {
            TimeSpan due = rate > 0 ? TimeSpan.FromSeconds((double)done / rate) - time.GetElapsedTime(begin) : TimeSpan.Zero;
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, time, cancellationToken);
            }

            if (_next == 0)
            {
                _generation++;
            }

            version = server.Store.Put(UniformObjects.Slice(_next, options.Endpoints, _generation, time.GetUtcNow()));
            _next = (_next + 1) % Math.Max(1, options.Services);
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"touched {count} resourceVersion {version} first {first:O} last {time.GetUtcNow():O}");
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
