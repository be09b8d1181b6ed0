using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// The JSON form of Kubernetes' log: one object per line with <c>ts</c> (milliseconds since 1970), <c>caller</c>,
/// <c>msg</c>, <c>v</c> (not for errors), <c>err</c> and the values of the message.
/// </summary>
internal sealed class JsonLogFormat : ILogFormat
{
    private static readonly string[] s_reserved = ["ts", "caller", "msg", "v", "err"];

    public void Write(in LogEntry entry, IBufferWriter<byte> output)
    {
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            json.WriteNumber("ts", (entry.Time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond / 1000m);
            json.WriteString("caller", entry.Source);
            json.WriteString("msg", LogKeys.Cut(entry.Message));
            if (entry.Level < LogLevel.Error)
            {
                json.WriteNumber("v", LogVerbosity.LevelOf(entry.Level));
            }

            if (entry.Exception is not null)
            {
                json.WriteString("err", LogKeys.TextOf(entry.Exception));
            }

            for (int index = 0; index < entry.Values.Count; index++)
            {
                (string name, object? value) = entry.Values[index];
                if (!LogKeys.IsTemplate(name))
                {
                    WriteValue(json, NameOf(name), value);
                }
            }

            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    private static string NameOf(string name)
    {
        string key = LogKeys.NameOf(name);
        return s_reserved.Contains(key, StringComparer.Ordinal) ? key + "_" : key;
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNull(name);
                break;
            case bool flag:
                json.WriteBoolean(name, flag);
                break;
            case byte or sbyte or short or ushort or int or uint or long:
                json.WriteNumber(name, Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(name, number);
                break;
            case IEnumerable<string> list:
                json.WriteStartArray(name);
                foreach (string item in list)
                {
                    json.WriteStringValue(item);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteString(name, LogKeys.TextOf(value));
                break;
        }
    }
}
