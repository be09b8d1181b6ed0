using System.Buffers;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>Hands a text that is rendered over line by line, so that it need not be kept.</summary>
/// <param name="take">Takes a line, without its end.</param>
internal sealed class LineSplitter(LineHandler take) : IBufferWriter<byte>
{
    private readonly ArrayBufferWriter<byte> _pending = new(4096);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        _pending.Advance(count);
        ReadOnlySpan<byte> text = _pending.WrittenSpan;
        int end;
        while ((end = text.IndexOf((byte)'\n')) >= 0)
        {
            take(text[..end]);
            text = text[(end + 1)..];
        }

        byte[] rest = text.ToArray();
        _pending.ResetWrittenCount();
        _pending.Write(rest);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _pending.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _pending.GetSpan(sizeHint);
}
