using System.Buffers;
using System.ComponentModel;
using System.Runtime.InteropServices;
using CliWrap;
using KubeProxySharp.Proxy.Host.Interop;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Host;

/// <summary>
/// The input of a tool, rendered before the tool starts: when rendering fails, no tool runs that could take a part for
/// the whole. A short input goes through the pipe in one atomic write; a longer one is a sealed file in
/// memory. A tool that accepts a file name opens it, and so gets all or nothing even if this process ends
/// meanwhile, because the name ends with the process. For other tools the file is copied to the pipe.
/// </summary>
internal sealed class SealedInput : IBufferWriter<byte>, IDisposable
{
    /// <summary>PIPE_BUF of linux/limits.h: writes of no more than this are atomic (pipe(7)).</summary>
    public const int MostOfOneWrite = 4096;

    private const int Size = 64 * 1024;

    private readonly bool _mayUseFile;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private int _length;
    private SafeFileHandle? _file;
    private long _written;
    private volatile bool _isCopying;

    private SealedInput(bool mayUseFile)
    {
        _mayUseFile = mayUseFile;
    }

    /// <summary>The path by which the tool can open it; null if it goes through the pipe.</summary>
    public string? FileName => _file is null ? null : $"/proc/{Environment.ProcessId}/fd/{_file.DangerousGetHandle()}";

    /// <summary>Makes the text.</summary>
    /// <param name="text">Writes it.</param>
    /// <param name="mayUseFile">Whether tools can open files in memory here.</param>
    public static SealedInput Make(Action<IBufferWriter<byte>> text, bool mayUseFile)
    {
        SealedInput input = new(mayUseFile);
        try
        {
            text(input);
            input.Complete();
            return input;
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }

    /// <summary>The arguments and the standard input of a call whose tool is to read this text.</summary>
    public (string[] Arguments, PipeSource Pipe) Give(ToolCall call)
    {
        bool hasDash = call.Arguments.Contains("-");
        return FileName is not { } name || !(hasDash || call.TakesFile) ? (call.Arguments, PipeSource.Create(CopyToAsync))
            : hasDash ? ([.. call.Arguments.Select(argument => argument == "-" ? name : argument)], PipeSource.Null)
            : ([.. call.Arguments, name], PipeSource.Null);
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffer.Length - _length < Math.Max(sizeHint, 1))
        {
            MakeRoom(sizeHint);
        }

        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        _file?.Dispose();

        // A tool that ends without reading everything may leave a pending write.
        if (!_isCopying)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = [];
    }

    private async Task CopyToAsync(Stream pipe, CancellationToken cancellation)
    {
        _isCopying = true;
        if (_file is { } file)
        {
            int read;
            for (long copied = 0; (read = RandomAccess.Read(file, _buffer, copied)) != 0; copied += read)
            {
                await pipe.WriteAsync(_buffer.AsMemory(0, read), cancellation);
            }
        }
        else
        {
            await pipe.WriteAsync(_buffer.AsMemory(0, _length), cancellation);
        }

        _isCopying = false;
    }

    private void MakeRoom(int size)
    {
        if (_length != 0 && TryOpen())
        {
            Flush();
        }

        if (_buffer.Length - _length < Math.Max(size, 1))
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + size));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }

    private void Complete()
    {
        if (_file is null && (_length <= MostOfOneWrite || !TryOpen()))
        {
            return;
        }

        Flush();
        if (LibC.Fcntl(_file!, LibC.AddSeals, LibC.SealAll) != 0) // opened above
        {
            throw new IOException($"a file in memory cannot be sealed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    /// <summary>Without files in memory all input goes through the pipe.</summary>
    private bool TryOpen()
    {
        if (_file is not null || !_mayUseFile)
        {
            return _file is not null;
        }

        SafeFileHandle file = LibC.MemfdCreate("rules", LibC.MemfdPrivateSealable);
        if (file.IsInvalid)
        {
            file.Dispose();
            return false;
        }

        _file = file;
        return true;
    }

    private void Flush()
    {
        RandomAccess.Write(_file!, _buffer.AsSpan(0, _length), _written); // only called once opened
        _written += _length;
        _length = 0;
    }
}
