namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>An element of the simplest form: the parts of its key and of its value or verdict, as bytes of the listing.</summary>
internal ref struct NftPlainElement
{
    private const int MostParts = 4;

    private ReadOnlySpan<byte> _first;
    private ReadOnlySpan<byte> _second;
    private ReadOnlySpan<byte> _third;
    private ReadOnlySpan<byte> _fourth;

    /// <summary>The number of parts of the key.</summary>
    public int KeyLength { get; private set; }

    /// <summary>The address of an endpoint.</summary>
    public ReadOnlySpan<byte> Address { get; set; }

    /// <summary>The port of an endpoint.</summary>
    public ReadOnlySpan<byte> Port { get; set; }

    /// <summary>The keyword of the verdict; empty if the value is not a verdict.</summary>
    public ReadOnlySpan<byte> Verdict { get; set; }

    /// <summary>The target chain of the verdict.</summary>
    public ReadOnlySpan<byte> Chain { get; set; }

    /// <summary>A part of the key.</summary>
    public readonly ReadOnlySpan<byte> Part(int index) => index switch { 0 => _first, 1 => _second, 2 => _third, _ => _fourth };

    /// <summary>Adds a part to the key; false if it is not plain, or there are too many.</summary>
    public bool TryAdd(ReadOnlySpan<byte> part)
    {
        if (KeyLength == MostParts || part.IsEmpty || !IsPlain(part))
        {
            return false;
        }

        switch (KeyLength++)
        {
            case 0:
                _first = part;
                break;
            case 1:
                _second = part;
                break;
            case 2:
                _third = part;
                break;
            default:
                _fourth = part;
                break;
        }

        return true;
    }

    /// <summary>No prefixes, ranges or wildcards. A plain loop: parts are too short for a vectorized search to be faster.</summary>
    private static bool IsPlain(ReadOnlySpan<byte> part)
    {
        foreach (byte character in part)
        {
            if (character is not ((>= (byte)'0' and <= (byte)':') or (>= (byte)'a' and <= (byte)'z') or (byte)'.'))
            {
                return false;
            }
        }

        return true;
    }
}
