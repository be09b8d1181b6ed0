using System.Globalization;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Kernel parameters through the files of <c>/proc/sys</c>.</summary>
/// <param name="files">The files of the node.</param>
internal sealed class Sysctl(KernelFiles files) : ISysctl
{
    private const string Folder = "proc/sys/";

    /// <inheritdoc/>
    public long? TryRead(string name)
    {
        try
        {
            return long.TryParse(files.Read(Folder + name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Unreadable counts as "differs": writing will tell what is wrong with it (spec 8.1).
            return null;
        }
    }

    /// <inheritdoc/>
    public void Write(string name, long value)
    {
        try
        {
            files.Write(Folder + name, value.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KernelSetupException($"can't set sysctl {name} to {value} in {files.PathOf(Folder + name)}: {e.Message}");
        }
    }
}
