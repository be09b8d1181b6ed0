using System.Buffers;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>How a message is written.</summary>
internal interface ILogFormat
{
    /// <summary>Writes one message as one line, whatever its values contain.</summary>
    void Write(in LogEntry entry, IBufferWriter<byte> output);
}
