using System.Runtime.InteropServices;
using KubeProxySharp.Proxy.Agent.Drift.Interop;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>The sizes of the tables of iptables-legacy at one moment: all that the kernel reports without giving out the rules.</summary>
internal sealed class LegacySizes
{
    private static readonly string[] s_tables = ["nat", "filter", "mangle"];

    private readonly int[] _numbers;

    /// <summary>Takes numbers.</summary>
    public LegacySizes(int[] numbers)
    {
        _numbers = numbers;
    }

    /// <summary>Asks the kernel; without a socket all sizes are the same.</summary>
    public static LegacySizes Read(SafeFileHandle socket, bool isIPv6)
    {
        int[] numbers = new int[s_tables.Length * LegacyTable.Numbers];
        for (int table = 0; table < s_tables.Length && !socket.IsInvalid; table++)
        {
            LegacyTable.Read(socket, isIPv6, s_tables[table], numbers.AsSpan(table * LegacyTable.Numbers, LegacyTable.Numbers));
        }

        return new(numbers);
    }

    /// <summary>Whether both are the same.</summary>
    public bool Equal(LegacySizes other) => _numbers.AsSpan().SequenceEqual(other._numbers);

    /// <summary>What was added since, as a text that can be compared: the same for the same change, whatever else is in the tables.</summary>
    public string Since(LegacySizes earlier)
    {
        int[] added = new int[_numbers.Length];
        for (int index = 0; index < added.Length; index++)
        {
            added[index] = _numbers[index] - earlier._numbers[index];
        }

        return Convert.ToHexString(MemoryMarshal.AsBytes<int>(added));
    }
}
