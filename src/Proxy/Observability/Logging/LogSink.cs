using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// Writes log lines to streams, one write per line. A log that cannot be written must not stop the agent: lines are then
/// lost, and their number is written before the next line that can be.
/// </summary>
/// <param name="format">The form of a line.</param>
/// <param name="errors">Receives errors.</param>
/// <param name="others">Receives all other messages; may be the same stream.</param>
internal sealed class LogSink(ILogFormat format, Stream errors, Stream others)
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private long _lostCount;

    public void Write(in LogEntry entry)
    {
        Stream stream = entry.Level >= LogLevel.Error ? errors : others;
        lock (_lock)
        {
            _buffer.ResetWrittenCount();
            if (_lostCount != 0)
            {
                string text = string.Create(CultureInfo.InvariantCulture, $"{_lostCount} log lines could not be written and are lost");
                format.Write(new LogEntry(entry.Time, LogLevel.Warning, nameof(LogSink), text, [], null), _buffer);
            }

            format.Write(entry, _buffer);
            try
            {
                stream.Write(_buffer.WrittenSpan);
                stream.Flush();
                _lostCount = 0;
            }
            catch (IOException)
            {
                _lostCount++;
            }
        }
    }
}

/// <summary>A format of log lines.</summary>
internal interface ILogFormat
{
    /// <summary>Writes a message as a single line, even if its values contain line ends.</summary>
    void Write(in LogEntry entry, IBufferWriter<byte> output);
}

/// <summary>A message to be logged.</summary>
/// <param name="Time">Its local time.</param>
/// <param name="Level">Its level.</param>
/// <param name="Source">The type that logs it, without namespace.</param>
/// <param name="Message">The text, with its values filled in.</param>
/// <param name="Values">Names and values of the message.</param>
/// <param name="Exception">The exception, if there is one.</param>
internal readonly record struct LogEntry(
    DateTimeOffset Time, LogLevel Level, string Source, string Message, IReadOnlyList<KeyValuePair<string, object?>> Values, Exception? Exception);
