using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Http;

/// <content>Sending of events and injected faults.</content>
internal sealed partial class WatchAnswer
{
    private bool _bookmarksOnly;
    private bool _repeats;

    /// <summary>Sends the changes that match the selector of this watch.</summary>
    /// <returns>False when the watch is at its end.</returns>
    private async Task<bool> SendAsync(List<StoreEvent> changes)
    {
        if (!await TakeFaultsAsync())
        {
            return false;
        }

        foreach (StoreEvent change in changes)
        {
            // A watch of a future version gets no changes up to it.
            if (change.Version <= _after || _frames.Of(change, selector) is not { } frame)
            {
                continue;
            }

            if (server.Faults.Take<HalfFrameFault>(_type) is { } half)
            {
                Append(frame.AsSpan(0, frame.Length / 2));
                return await FlushAsync() && await body.EndAsync(half.Reset);
            }

            if (_bookmarksOnly)
            {
                Bookmark();
                continue;
            }

            Append(frame);
            if (_repeats)
            {
                Append(frame);
            }
        }

        return await FlushAsync();
    }

    private async Task<bool> TakeFaultsAsync()
    {
        // Half frames wait for an event; a missing marker is handled at the start.
        while (server.Faults.Take<WatchFault>(_type, fault => Applies(fault)) is { } fault)
        {
            switch (fault)
            {
                case ExpiredFault:
                    Append(_frames.Error(ApiStatus.WatchExpired(options.Version, server.Store.ResourceVersion)));
                    await FlushAsync();
                    return false;
                case ErrorEventFault error:
                    Append(_frames.Error(new ApiStatus(error.Code, error.Reason, error.Text)));
                    await FlushAsync();
                    return false;
                case EndFault:
                    await FlushAsync();
                    return false;
                case BookmarkOnlyFault:
                    _bookmarksOnly = true;
                    break;
                case RepeatFault:
                    _repeats = true;
                    break;
                case UnknownEventFault unknown:
                    Append(_frames.Of(unknown.EventType, StoredObject.Bookmark(_type, server.Store.ResourceVersion, endOfInitialEvents: false)));
                    await FlushAsync();
                    return true;
                case WrongKindFault:
                    ResourceType other = _type == ResourceType.Nodes ? ResourceType.Services : ResourceType.Nodes;
                    Append(_frames.Of("ADDED", StoredObject.Bookmark(other, server.Store.ResourceVersion, endOfInitialEvents: false)));
                    await FlushAsync();
                    return true;
                case RawBytesFault raw:
                    Append(raw.Bytes.Span);
                    await FlushAsync();
                    return true;
                default:
                    throw new InvalidOperationException($"{fault.GetType().Name} cannot happen in a running watch");
            }
        }

        return true;
    }

    private bool Applies(WatchFault fault) => fault switch
    {
        HalfFrameFault or MissingMarkerFault => false,
        // Injected until cleared, these change nothing in a watch that has them already.
        BookmarkOnlyFault => !_bookmarksOnly,
        RepeatFault => !_repeats,
        _ => true,
    };

    /// <summary>Sends a bookmark, unless this watch has unsent changes, which the bookmark would skip.</summary>
    private void BookmarkIfUpToDate()
    {
        // The version of a server grows with all resources, so a bookmark is never older than the version that the client named.
        if (server.Store.Read(_type, (table, now) => table.End == _position ? Math.Max(table.Progress, Math.Min(_after, now)) : (long?)null) is { } version)
        {
            Append(_frames.Of("BOOKMARK", StoredObject.Bookmark(_type, version, endOfInitialEvents: false)));
        }
    }

    private void Bookmark() => Append(_frames.Of(
        "BOOKMARK",
        StoredObject.Bookmark(_type, server.Store.Read(_type, (table, _) => table.Progress), endOfInitialEvents: false)));

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_pending.GetSpan(bytes.Length));
        _pending.Advance(bytes.Length);
    }

    /// <summary>Sends the buffered frames.</summary>
    /// <returns>False when the body is at its end.</returns>
    private async Task<bool> FlushAsync()
    {
        if (_pending.WrittenCount == 0)
        {
            return true;
        }

        ValueTask<bool> write = body.WriteAsync(_pending.WrittenMemory);
        bool goesOn = write.IsCompleted ? await write : await WriteUnlessSlowAsync(write.AsTask());
        _pending.ResetWrittenCount();
        return goesOn;
    }

    /// <summary>Aborts the watch of a reader that does not read while too many events are queued for it (kubernetes-wire.md 1.9).</summary>
    private async Task<bool> WriteUnlessSlowAsync(Task<bool> write)
    {
        while (!write.IsCompleted)
        {
            Task changed = server.Store.Changed;
            if (server.Store.Read(_type, (table, _) => table.End - _position) > server.Options.WatchBuffer)
            {
                request.Context.Abort();
                return false;
            }

            await Task.WhenAny(write, changed);
        }

        return await write;
    }
}
