using System.Globalization;

namespace KubeProxySharp.Proxy.Host;

/// <summary>The number of CPUs of the node, not of what a container may use of it (spec 8.1).</summary>
internal static class CpuCount
{
    /// <summary>More CPUs than any kernel supports; a larger number is an invalid file.</summary>
    private const int MaxCount = 1 << 16;

    /// <summary>Counts the CPUs that are online; without sysfs, those that this process may use.</summary>
    public static int Read(KernelFiles files)
    {
        try
        {
            return Count(files.Read("sys/devices/system/cpu/online")) ?? Environment.ProcessorCount;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Some sandboxes hide sysfs; the limit is then made for the CPUs that are seen.
            return Environment.ProcessorCount;
        }
    }

    /// <summary>Counts the members of a list such as <c>0-3,8,10-11</c>; null for invalid text.</summary>
    internal static int? Count(string list)
    {
        int count = 0;
        foreach (string range in list.Split(','))
        {
            string[] ends = range.Split('-', 2);
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
                || last < first || last >= MaxCount)
            {
                return null;
            }

            count += last - first + 1;
        }

        return count is > 0 and <= MaxCount ? count : null;
    }
}
