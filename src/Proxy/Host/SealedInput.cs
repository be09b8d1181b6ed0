using System.Buffers;
using System.ComponentModel;
using System.Runtime.InteropServices;
using CliWrap;
using KubeProxySharp.Proxy.Host.Interop;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Host;

/// <summary>
/// The input of a tool: written, then sealed, then given to a tool. No tool starts before it is sealed, so none runs on a
/// part when writing fails. A short input goes through the pipe in one atomic write; a longer one is a sealed file in
/// memory. A tool that accepts a file name opens it, and so gets all or nothing even if this process ends
/// meanwhile, because the name ends with the process. For other tools the file is copied to the pipe.
/// </summary>
internal sealed class SealedInput : IBufferWriter<byte>, IDisposable
{
    /// <summary>PIPE_BUF of linux/limits.h: writes of no more than this are atomic (pipe(7)).</summary>
    public const int MostOfOneWrite = 4096;

    private const int Size = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private int _length;
    private SafeFileHandle? _file;
    private long _written;
    private bool _isSealed;
    private bool _isDisposed;
    private volatile bool _isCopying;

    /// <summary>Size in bytes.</summary>
    public long Length => _written + _length;

    /// <summary>The path by which the tool can open it; null if it goes through the pipe.</summary>
    public string? FileName => _file is null ? null : $"/proc/{Environment.ProcessId}/fd/{_file.DangerousGetHandle()}";

    /// <summary>A sealed input with a short text.</summary>
    public static SealedInput Of(ReadOnlySpan<byte> text)
    {
        SealedInput input = new();
        try
        {
            input.Write(text);
            input.Seal();
            return input;
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }

    /// <summary>Ends the writing: from now on the text cannot change, and tools may read it.</summary>
    /// <exception cref="IOException">The kernel does not seal the file.</exception>
    public void Seal()
    {
        if (_isSealed)
        {
            return;
        }

        if (_file is not null || (_length > MostOfOneWrite && TryOpen()))
        {
            Flush();
            if (LibC.Fcntl(_file!, LibC.AddSeals, LibC.SealAll) != 0) // open in either case
            {
                throw new IOException($"a file in memory cannot be sealed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
            }
        }

        _isSealed = true;
    }

    /// <summary>The arguments and the standard input of a call whose tool is to read this text.</summary>
    /// <param name="call">The call.</param>
    /// <param name="mayUseFile">Whether tools can open files in memory here.</param>
    /// <exception cref="InvalidOperationException">The input is not sealed.</exception>
    public (string[] Arguments, PipeSource Pipe) GetArguments(ToolCall call, bool mayUseFile)
    {
        if (!_isSealed)
        {
            throw new InvalidOperationException("The input of a tool is not complete.");
        }

        bool hasDash = call.Arguments.Contains("-");
        return !mayUseFile || FileName is not { } name || !(hasDash || call.TakesFile) ? (call.Arguments, PipeSource.Create(CopyToAsync))
            : hasDash ? ([.. call.Arguments.Select(argument => argument == "-" ? name : argument)], PipeSource.Null)
            : ([.. call.Arguments, name], PipeSource.Null);
    }

    /// <summary>Writes the sealed text again, for instance to find the lines that a tool refused.</summary>
    public void CopyTo(IBufferWriter<byte> output)
    {
        if (_file is null)
        {
            output.Write(_buffer.AsSpan(0, _length));
            return;
        }

        int read;
        for (long copied = 0; (read = RandomAccess.Read(_file, output.GetSpan(), copied)) != 0; copied += read)
        {
            output.Advance(read);
        }
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_isSealed)
        {
            throw new InvalidOperationException("The input of a tool is sealed.");
        }

        if (_buffer.Length - _length < Math.Max(sizeHint, 1))
        {
            MakeRoom(sizeHint);
        }

        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
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

    /// <summary>Without files in memory all input goes through the pipe.</summary>
    private bool TryOpen()
    {
        if (_file is not null)
        {
            return true;
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
