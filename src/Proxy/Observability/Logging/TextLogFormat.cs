using System.Buffers;
using System.Globalization;
using System.Text;
using KubeProxySharp.Proxy.Configuration.Flags;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// The text form of Kubernetes' log (klog): <c>I1120 20:01:02.123456   12345 SyncLoop] "message" key="value"</c>. The
/// name of the type that logs takes the place of file and line.
/// </summary>
/// <param name="processId">The id of this process, which klog writes instead of a thread id.</param>
internal sealed class TextLogFormat(int processId) : ILogFormat
{
    public void Write(in LogEntry entry, IBufferWriter<byte> output)
    {
        StringBuilder line = new(256);
        line.Append(LetterOf(entry.Level));
        line.Append(CultureInfo.InvariantCulture, $"{entry.Time:MMdd HH:mm:ss.ffffff} {processId,7} {entry.Source}] ");
        GoText.AppendQuoted(line, LogKeys.Cut(entry.Message));
        if (entry.Exception is not null)
        {
            line.Append(" err=");
            GoText.AppendQuoted(line, LogKeys.TextOf(entry.Exception));
        }

        for (int index = 0; index < entry.Values.Count; index++)
        {
            (string name, object? value) = entry.Values[index];

            // The value is left out if it is the whole message.
            if (!LogKeys.IsTemplate(name) && value as string != entry.Message)
            {
                line.Append(' ').Append(LogKeys.NameOf(name)).Append('=');
                AppendValue(line, value);
            }
        }

        Encoding.UTF8.GetBytes(line.Append('\n').ToString(), output);
    }

    private static void AppendValue(StringBuilder line, object? value)
    {
        switch (value)
        {
            case null:
                line.Append("null");
                break;
            case bool flag:
                line.Append(flag ? "true" : "false");
                break;
            case byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal:
                line.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case IEnumerable<string> list:
                line.Append('[');
                line.AppendJoin(',', list.Select(GoText.Quote));
                line.Append(']');
                break;
            default:
                GoText.AppendQuoted(line, LogKeys.TextOf(value));
                break;
        }
    }

    private static char LetterOf(LogLevel level) => level switch
    {
        LogLevel.Warning => 'W',
        LogLevel.Error => 'E',
        LogLevel.Critical => 'F',
        _ => 'I',
    };
}
