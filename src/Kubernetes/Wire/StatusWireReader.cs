using System.Text;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Reads a Status message.</summary>
internal static class StatusWireReader
{
    private const int MaxMessageLength = 2048;

    /// <summary>Reads the message.</summary>
    /// <exception cref="WireException">It is broken.</exception>
    public static ApiStatus Read(ReadOnlySpan<byte> message)
    {
        ApiStatus status = new();
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x1a: // message
                    status = status with { Message = Text(reader.ReadBytes()) };
                    break;
                case 0x22: // reason
                    status = status with { Reason = Text(reader.ReadBytes()) };
                    break;
                case 0x2a: // details
                    status = ReadDetails(status, reader.ReadBytes());
                    break;
                case 0x30: // code
                    status = status with { Code = reader.ReadInt32() };
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return status;
    }

    private static ApiStatus ReadDetails(ApiStatus status, ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x22 when status.Causes.Length < MaxMessageLength: // causes
                    string cause = CauseReason(reader.ReadBytes());
                    status = status with { Causes = status.Causes.Length == 0 ? cause : $"{status.Causes},{cause}" };
                    break;
                case 0x28: // retryAfterSeconds
                    int seconds = reader.ReadInt32();
                    status = status with { RetryAfter = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null };
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return status;
    }

    private static string CauseReason(ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x0a) // reason
            {
                return Text(reader.ReadBytes());
            }

            reader.Skip(key);
        }

        return "";
    }

    private static string Text(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, MaxMessageLength)]);
}
