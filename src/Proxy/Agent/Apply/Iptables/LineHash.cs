namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// A 64-bit hash (FNV-1a) of lines of a listing, for comparing rules without keeping their text. It is not safe against texts
/// made to collide; a rule that somebody makes collide is taken for ours.
/// </summary>
internal static class LineHash
{
    /// <summary>The hash of nothing, to start from.</summary>
    public const ulong Empty = 14695981039346656037;

    private const ulong Prime = 1099511628211;

    /// <summary>Continues a hash with bytes.</summary>
    public static ulong Append(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            hash = (hash ^ value) * Prime;
        }

        return hash;
    }

    /// <summary>Continues the hash of a sequence with that of its next part; the order of the parts matters.</summary>
    public static ulong Append(ulong hash, ulong part) => (hash * Prime) + part;
}
