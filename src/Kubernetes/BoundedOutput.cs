using CliWrap;

namespace KubeProxySharp.Kubernetes;

/// <summary>
/// Keeps the first bytes that a child process writes and discards the rest, so that the output neither fills the memory nor
/// blocks the process.
/// </summary>
/// <param name="maxLength">The most bytes that are kept.</param>
public sealed class BoundedOutput(int maxLength) : PipeTarget
{
    private const int BufferSize = 16 * 1024;

    private byte[] _kept = [];
    private int _length;

    /// <summary>The bytes kept so far; complete when the process has ended.</summary>
    public ReadOnlyMemory<byte> Kept => _kept.AsMemory(0, _length);

    /// <inheritdoc/>
    public override async Task CopyFromAsync(Stream origin, CancellationToken cancellationToken = default)
    {
        _kept = new byte[Math.Min(maxLength, BufferSize)];
        byte[] rest = [];
        while (true)
        {
            if (_length == _kept.Length && _length < maxLength)
            {
                Array.Resize(ref _kept, Math.Min(maxLength, _length * 2));
            }

            bool isFull = _length == _kept.Length;
            if (isFull && rest.Length == 0)
            {
                rest = new byte[BufferSize];
            }

            int read = await origin.ReadAsync(isFull ? rest : _kept.AsMemory(_length), cancellationToken);
            if (read == 0)
            {
                return;
            }

            _length += isFull ? 0 : read;
        }
    }
}
