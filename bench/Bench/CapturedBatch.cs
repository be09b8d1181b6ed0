using System.Buffers.Binary;
using System.Diagnostics;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Bench;

/// <summary>The netlink batch that a tool sends, recorded to be sent again: the work that the kernel alone has with it.</summary>
internal static class CapturedBatch
{
    private const int BatchBeginLength = 20; // nlmsghdr and nfgenmsg
    private const int TypeOffset = 4;
    private const int BatchEnd = 17; // NFNL_MSG_BATCH_END

    /// <summary>Runs a tool, and returns the batches that it sends, each for any generation of the rules.</summary>
    /// <param name="capture">The library made of bench/capture-batch.c.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="arguments">Its arguments.</param>
    public static IReadOnlyList<byte[]> Of(string capture, string tool, params string[] arguments)
    {
        string path = Path.GetTempFileName();
        try
        {
            Run(tool, arguments, ("LD_PRELOAD", capture), ("KPS_CAPTURE", path));
            return Split(File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The kernel takes one batch of a datagram. Without NFNL_BATCH_GENID it may be sent again.</summary>
    private static List<byte[]> Split(byte[] captured)
    {
        List<byte[]> batches = [];
        ReadOnlySpan<byte> rest = captured;
        while (!rest.IsEmpty)
        {
            int begin = BinaryPrimitives.ReadInt32LittleEndian(rest);
            int end = begin;
            while (BinaryPrimitives.ReadUInt16LittleEndian(rest[(end + TypeOffset)..]) != BatchEnd)
            {
                end += (BinaryPrimitives.ReadInt32LittleEndian(rest[end..]) + 3) & ~3;
            }

            end += BinaryPrimitives.ReadInt32LittleEndian(rest[end..]);
            byte[] batch = [.. rest[..BatchBeginLength], .. rest[begin..end]];
            BinaryPrimitives.WriteInt32LittleEndian(batch, BatchBeginLength);
            batches.Add(batch);
            rest = rest[end..];
        }

        return batches;
    }

    public static void RunTool(string tool, params string[] arguments) => Run(tool, arguments);

    public static void Send(BatchConnection connection, ReadOnlySpan<byte> batch)
    {
        BatchResult result = connection.Send(batch);
        if (!result.IsApplied)
        {
            throw new InvalidOperationException($"errno {result.Error}, {string.Join(", ", result.Refusals)}");
        }
    }

    private static void Run(string tool, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(tool, arguments);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!; // null only for a process that is used again
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{tool} ended with {process.ExitCode}");
        }
    }
}
