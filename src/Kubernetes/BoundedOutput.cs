using CliWrap;

namespace KubeProxySharp.Kubernetes;

/// <summary>
/// Keeps the beginning of what a child process writes, and reads the rest away, so that it neither fills the memory nor waits.
/// </summary>
/// <param name="most">The most that is kept, in bytes.</param>
public sealed class BoundedOutput(int most) : PipeTarget
{
    private const int BufferSize = 16 * 1024;

    private byte[] _kept = [];
    private int _length;

    /// <summary>What is there up to now; all, and no more than was asked for, when the process has ended.</summary>
    public ReadOnlyMemory<byte> Kept => _kept.AsMemory(0, _length);

    /// <inheritdoc/>
    public override async Task CopyFromAsync(Stream origin, CancellationToken cancellationToken = default)
    {
        _kept = new byte[Math.Min(most, BufferSize)];
        byte[] rest = [];
        while (true)
        {
            if (_length == _kept.Length && _length < most)
            {
                Array.Resize(ref _kept, Math.Min(most, _length * 2));
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
