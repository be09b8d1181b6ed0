using System.Buffers;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>One running watch (kubernetes-wire.md 3).</summary>
internal sealed partial class WatchAnswer(FakeApiServer server, ApiRequest request, ListOptions options, Selector selector, AnswerBody body)
{
    private const int BatchSize = 256;

    private readonly ResourceType _type = request.Type;
    private readonly EventFrames _frames = new(request.Format);
    private readonly ArrayBufferWriter<byte> _pending = new(4096);
    private readonly CancellationToken _aborted = request.Context.RequestAborted;
    private long _position;
    private long _after;

    public async Task RunAsync()
    {
        request.Context.Response.ContentType =
            request.Format == WireFormat.Protobuf ? ContentNegotiation.ProtobufWatch : ContentNegotiation.Json;
        TimeSpan life = options.TimeoutSeconds > 0 ? TimeSpan.FromSeconds(options.TimeoutSeconds) : server.Options.WatchTimeout;
        long begin = server.Time.GetTimestamp();
        if (!await StartAsync())
        {
            await FlushAsync();
            return;
        }

        await FollowAsync(begin, life);
    }

    /// <summary>Sends the initial events.</summary>
    private async Task<bool> StartAsync()
    {
        await request.Context.Response.StartAsync(_aborted);
        await request.Context.Response.BodyWriter.FlushAsync(_aborted);
        if (server.Faults.Take<ExpiredFault>(_type) is not null)
        {
            Append(_frames.Error(ApiStatus.WatchExpired(options.Version, server.Store.ResourceVersion)));
            return false;
        }

        WatchListSupport support = server.Options.WatchList;
        bool asked = options.SendInitialEvents is true && support == WatchListSupport.On;
        if (asked || options.Version == 0)
        {
            bool marker = support == WatchListSupport.On && options.AllowBookmarks && options.SendInitialEvents is not false;
            return await SendInitialEventsAsync(marker);
        }

        (long position, long floor) = server.Store.Read(_type, (table, _) => (table.PositionAfter(options.Version), table.WatchFloor));
        (_position, _after) = (position, options.Version);
        if (options.Version < floor)
        {
            Append(_frames.Error(ApiStatus.WatchExpired(options.Version, floor)));
            return false;
        }

        return true;
    }

    private async Task<bool> SendInitialEventsAsync(bool marker)
    {
        if (!await server.WaitForVersionAsync(options.Version, _aborted))
        {
            Append(_frames.Error(ApiStatus.TooLarge(options.Version, server.Store.ResourceVersion)));
            return false;
        }

        (StoredObject[] items, long version, long position) = server.Store.Read(
            _type,
            (table, version) => (table.Objects.Values.ToArray(), version, table.End));
        (_position, _after) = (position, version);
        foreach (StoredObject item in items)
        {
            if (selector.Matches(item))
            {
                Append(_frames.Of("ADDED", item));
            }

            if (_pending.WrittenCount > 64 * 1024 && !await FlushAsync())
            {
                return false;
            }
        }

        if (server.Faults.Take<MissingMarkerFault>(_type) is not null)
        {
            return false;
        }

        if (marker)
        {
            Append(_frames.Of("BOOKMARK", StoredObject.Bookmark(_type, version, endOfInitialEvents: true)));
        }

        return await FlushAsync();
    }

    private async Task FollowAsync(long begin, TimeSpan life)
    {
        TimeSpan nextBookmark = Soonest(server.Options.BookmarkPeriod, life - server.Options.LastBookmark);
        List<StoreEvent> changes = [];
        while (true)
        {
            // Obtained before reading, so that a change in between completes it.
            Task changed = server.Store.Changed;
            changes.Clear();
            if (!server.Store.TryReadChanges(_type, ref _position, changes, BatchSize) || !await SendAsync(changes))
            {
                return;
            }

            if (changes.Count > 0)
            {
                continue;
            }

            TimeSpan age = server.Time.GetElapsedTime(begin);
            if (server.IsStopping)
            {
                return;
            }

            if (options.AllowBookmarks && age >= nextBookmark)
            {
                BookmarkIfUpToDate();
                if (!await FlushAsync())
                {
                    return;
                }

                nextBookmark = age + server.Options.BookmarkPeriod < life - server.Options.LastBookmark || age >= life - server.Options.LastBookmark
                    ? age + server.Options.BookmarkPeriod
                    : life - server.Options.LastBookmark;
            }

            // After the bookmark: on a busy machine both may be due.
            if (age >= life)
            {
                return;
            }

            await WaitAsync(changed, Soonest(life, options.AllowBookmarks ? nextBookmark : life) - age);
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan atMost)
    {
        using CancellationTokenSource timer = new(atMost > TimeSpan.Zero ? atMost : TimeSpan.Zero, server.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _aborted);
        try
        {
            await changed.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!_aborted.IsCancellationRequested)
        {
            // A bookmark or the end is due.
        }
    }

    private static TimeSpan Soonest(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
