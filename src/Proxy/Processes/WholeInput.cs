using System.Buffers;
using System.ComponentModel;
using System.Runtime.InteropServices;
using KubeProxySharp.Proxy.Processes.Interop;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Processes;

/// <summary>
/// A text that a tool gets whole or not at all, however this process ends meanwhile: made before the tool starts. A short one
/// goes through the pipe in one write that the kernel does not divide; a longer one is a file in memory, sealed, which the
/// tool opens by name. With this process the name goes, and a tool that did not open it yet finds nothing.
/// </summary>
internal sealed class WholeInput : IBufferWriter<byte>, IDisposable
{
    /// <summary>PIPE_BUF of linux/limits.h: writes of no more than this are atomic (pipe(7)).</summary>
    public const int MostOfOneWrite = 4096;

    private const int Size = 64 * 1024;

    private readonly bool _mayUseFile;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private int _length;
    private SafeFileHandle? _file;
    private long _written;

    private WholeInput(bool mayUseFile)
    {
        _mayUseFile = mayUseFile;
    }

    /// <summary>The name by which the tool can open it, or null if it has to go through the pipe.</summary>
    public string? FileName => _file is null ? null : $"/proc/{Environment.ProcessId}/fd/{_file.DangerousGetHandle()}";

    /// <summary>Makes the text.</summary>
    /// <param name="text">Writes it.</param>
    /// <param name="mayUseFile">Whether tools can open files in memory here.</param>
    public static WholeInput Make(Action<IBufferWriter<byte>> text, bool mayUseFile)
    {
        WholeInput input = new(mayUseFile);
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

    /// <summary>The call with this text as its input; an argument that is a dash gives way to the name of the file.</summary>
    public ToolCall Give(ToolCall call) => FileName is { } name
        ? call with { Arguments = [.. call.Arguments.Select(argument => argument == "-" ? name : argument)], Input = null }
        : call with { Input = output => output.Write(_buffer.AsSpan(0, _length)) };

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
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
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

    /// <summary>Without files in memory all goes through the pipe: better than no rules at all.</summary>
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
