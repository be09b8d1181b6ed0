using KubeProxySharp.FakeApi.Faults;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Writes the body of an answer, as an injected fault may change it.</summary>
/// <param name="context">The request.</param>
/// <param name="fault">The fault, if there is one.</param>
/// <param name="time">The clock.</param>
/// <param name="cleared">Cancelled when the faults are cleared; obtained before the fault.</param>
internal sealed class AnswerBody(HttpContext context, BodyFault? fault, TimeProvider time, CancellationToken cleared)
{
    private readonly HttpResponse _response = context.Response;
    private readonly CancellationToken _aborted = context.RequestAborted;
    private int _sent;

    /// <summary>Writes and flushes.</summary>
    /// <returns>False when a fault has ended the body and nothing more may be written.</returns>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        switch (fault)
        {
            case CutFault cut:
                await PassAsync(bytes, cut.Bytes);
                return _sent < cut.Bytes || await EndAsync(cut.Reset);
            case StallFault stall:
                await PassAsync(bytes, stall.Bytes);
                if (_sent >= stall.Bytes)
                {
                    await HoldAsync(time, cleared, _aborted);
                    return false;
                }

                return true;
            case SlowBytesFault slow:
                for (int index = 0; index < bytes.Length; index++)
                {
                    await _response.BodyWriter.WriteAsync(bytes.Slice(index, 1), _aborted);
                    if (slow.Pause > TimeSpan.Zero)
                    {
                        await Task.Delay(slow.Pause, time, _aborted);
                    }
                }

                return true;
            default:
                await _response.BodyWriter.WriteAsync(bytes, _aborted);
                return true;
        }
    }

    /// <summary>Writes many parts without flushing each.</summary>
    public async ValueTask<bool> WriteAsync(IEnumerable<ReadOnlyMemory<byte>> parts)
    {
        const int FlushAfter = 64 * 1024;
        int unflushed = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            if (fault is not null)
            {
                if (!await WriteAsync(part))
                {
                    return false;
                }

                continue;
            }

            part.Span.CopyTo(_response.BodyWriter.GetSpan(part.Length));
            _response.BodyWriter.Advance(part.Length);
            unflushed += part.Length;
            if (unflushed > FlushAfter)
            {
                unflushed = 0;
                await _response.BodyWriter.FlushAsync(_aborted);
            }
        }

        return true;
    }

    public async ValueTask<bool> EndAsync(bool reset)
    {
        await _response.BodyWriter.FlushAsync(_aborted);
        if (reset)
        {
            context.Abort();
        }

        return false;
    }

    /// <summary>Keeps a request open without sending anything until the faults are cleared or the client disconnects.</summary>
    public static async Task HoldAsync(TimeProvider time, CancellationToken cleared, CancellationToken aborted)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(aborted, cleared);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token);
        }
        catch (OperationCanceledException)
        {
            // The wait ends in this way; the caller distinguishes the two cases by the tokens.
        }
    }

    private async ValueTask PassAsync(ReadOnlyMemory<byte> bytes, int limit)
    {
        int count = Math.Min(bytes.Length, limit - _sent);
        await _response.BodyWriter.WriteAsync(bytes[..count], _aborted);
        _sent += count;
    }
}
