using System.Globalization;

namespace KubeProxySharp.Proxy.Kernel;

/// <summary>The kernel that nftables mode needs (spec 6.1).</summary>
internal static class KernelVersion
{
    /// <summary>The environment variable that, when it is not empty, switches the check off.</summary>
    public const string SkipVariable = "KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK";

    private static readonly Version s_oldest = new(5, 13);

    /// <summary>Checks the kernel for nftables mode.</summary>
    /// <param name="files">The files of the node.</param>
    /// <param name="skip">The value of <see cref="SkipVariable"/>.</param>
    /// <exception cref="KernelSetupException">The kernel is too old, or does not tell its version.</exception>
    public static void CheckForNftables(KernelFiles files, string? skip)
    {
        if (!string.IsNullOrEmpty(skip))
        {
            return;
        }

        const string Path = "proc/sys/kernel/osrelease";
        string release;
        try
        {
            release = files.Read(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KernelSetupException($"failed to check kernel version: {files.PathOf(Path)}: {e.Message}; set {SkipVariable}=1 to start without the check");
        }

        Version version = TryParse(release)
            ?? throw new KernelSetupException($"failed to check kernel version: \"{release}\" is not a version; set {SkipVariable}=1 to start without the check");
        if (version < s_oldest)
        {
            throw new KernelSetupException($"kube-proxy in nftables mode requires kernel 5.13 or later (this is {release})");
        }
    }

    /// <summary>Reads the first two numbers of a release such as <c>6.1.0-18-amd64</c>; null when it does not begin with them.</summary>
    internal static Version? TryParse(string release)
    {
        string[] parts = release.Split('.', 3);
        if (parts.Length < 2)
        {
            return null;
        }

        int end = parts[1].AsSpan().IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> minorText = end < 0 ? parts[1] : parts[1].AsSpan(0, end);
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major)
            && int.TryParse(minorText, NumberStyles.None, CultureInfo.InvariantCulture, out int minor)
            ? new Version(major, minor)
            : null;
    }
}
