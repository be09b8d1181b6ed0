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
