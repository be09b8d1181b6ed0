namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>Compares resource versions, where they can be compared.</summary>
internal static class ResourceVersions
{
    /// <summary>
    /// Whether a version is older than one that was seen before on the same stream: then the server was put back. Only
    /// decimal numbers have an order; anything else is as opaque as it looks.
    /// </summary>
    public static bool IsOlder(string? version, string than)
    {
        if (string.IsNullOrEmpty(version) || than.Length == 0 || !IsNumber(version) || !IsNumber(than))
        {
            return false;
        }

        return version.Length == than.Length ? string.CompareOrdinal(version, than) < 0 : version.Length < than.Length;
    }

    private static bool IsNumber(string version) => !version.AsSpan().ContainsAnyExceptInRange('0', '9') && (version[0] != '0' || version.Length == 1);
}
