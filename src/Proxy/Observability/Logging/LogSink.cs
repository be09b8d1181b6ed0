using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// Writes log lines to streams, one write per line. A log that cannot be written must not stop the rules from being kept:
/// lines are then lost, and the next one that can be written is preceded by their number.
/// </summary>
/// <param name="format">The form of a line.</param>
/// <param name="errors">Where errors go.</param>
/// <param name="others">Where all else goes; may be the same stream.</param>
internal sealed class LogSink(ILogFormat format, Stream errors, Stream others)
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private long _lostCount;

    /// <summary>Writes one message.</summary>
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

/// <summary>How a message is written.</summary>
internal interface ILogFormat
{
    /// <summary>Writes one message as one line, whatever its values contain.</summary>
    void Write(in LogEntry entry, IBufferWriter<byte> output);
}

/// <summary>A message on its way to the log.</summary>
/// <param name="Time">When, in local time.</param>
/// <param name="Level">How grave.</param>
/// <param name="Source">The type that says it, without namespace.</param>
/// <param name="Message">The text, with its values filled in.</param>
/// <param name="Values">Names and values of the message.</param>
/// <param name="Exception">What went wrong, if anything.</param>
internal readonly record struct LogEntry(
    DateTimeOffset Time, LogLevel Level, string Source, string Message, IReadOnlyList<KeyValuePair<string, object?>> Values, Exception? Exception);
