using System.Globalization;
using KubeProxySharp.Proxy.Processes.Interop;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>
/// Gives back the memory that holds parts of the program file. Half of them only the start needs, and the kernel would keep
/// them until something else wants the room. What is needed after all is read from the file again (docs/building.md).
/// </summary>
internal static class ProgramPages
{
    private const string Maps = "/proc/self/maps";

    /// <summary>Gives back those of the running program.</summary>
    public static void GiveBack()
    {
        if (Environment.ProcessPath is { } program)
        {
            GiveBack(program);
        }
    }

    /// <summary>Gives back those of a file; those that somebody else uses too stay, and so does what was written to.</summary>
    /// <param name="file">The file's path.</param>
    public static void GiveBack(string file)
    {
        foreach (string line in File.ReadLines(Maps))
        {
            if (TryParse(line, file, out nuint start, out nuint length))
            {
                // No content changes, whatever was mapped there meanwhile; kernels before 5.4 refuse, and all stays as it was.
                _ = LibC.Advise(start, length, LibC.PageOut);
            }
        }
    }

    /// <summary>Whether a line tells of a part of a file that is only read: <c>7f0000000000-7f0000001000 r-xp 00000000 08:01 42   /a/file</c>.</summary>
    /// <param name="line">A line of /proc/self/maps.</param>
    /// <param name="file">The file's path.</param>
    /// <param name="start">Receives the address.</param>
    /// <param name="length">Receives the length.</param>
    public static bool TryParse(string line, string file, out nuint start, out nuint length)
    {
        (start, length) = (0, 0);
        ReadOnlySpan<char> text = line;
        int dash = text.IndexOf('-');
        int blank = text.IndexOf(' ');
        if (dash <= 0 || blank < dash || !text[(blank + 1)..].StartsWith("r-") || !text.EndsWith(file) || !text[..^file.Length].EndsWith(' ')
            || !nuint.TryParse(text[..dash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out start)
            || !nuint.TryParse(text[(dash + 1)..blank], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nuint end)
            || end <= start)
        {
            return false;
        }

        length = end - start;
        return true;
    }
}
