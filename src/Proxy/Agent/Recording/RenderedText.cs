using System.Buffers;
using System.Security.Cryptography;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>
/// All rules of a family as text: what iptables-save lists on an otherwise empty host, or the nft script that replaces the table. The
/// text is that of a usual node, whatever the tools of this one support, so that it depends on the model alone.
/// </summary>
internal static class RenderedText
{
    /// <summary>Writes the text.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="mode">iptables or nftables.</param>
    /// <param name="output">Receives it.</param>
    public static void Write(FamilyRules rules, string mode, IBufferWriter<byte> output)
    {
        if (mode == ProxyMode.Nftables)
        {
            NftablesRenderer.WriteFull(rules, NftablesOptions.Default, output);
        }
        else
        {
            IptablesRenderer.WriteListing(rules, IptablesOptions.Default, output);
        }
    }

    /// <summary>The digest of the text, which is not held in memory as a whole.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="mode">iptables or nftables.</param>
    public static RecordedDigest Digest(FamilyRules rules, string mode)
    {
        using HashingWriter writer = new();
        Write(rules, mode, writer);
        return new(rules.Family, writer.Lines, writer.Finish());
    }

    private sealed class HashingWriter : IBufferWriter<byte>, IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private byte[] _buffer = new byte[64 * 1024];

        public long Lines { get; private set; }

        public void Advance(int count)
        {
            ReadOnlySpan<byte> written = _buffer.AsSpan(0, count);
            Lines += written.Count((byte)'\n');
            _hash.AppendData(written);
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length < sizeHint)
            {
                _buffer = new byte[sizeHint];
            }

            return _buffer;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

        public void Dispose() => _hash.Dispose();
    }
}
