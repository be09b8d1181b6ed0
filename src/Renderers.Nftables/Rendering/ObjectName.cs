using System.Runtime.CompilerServices;
using System.Text;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The name of a chain, set or map: a constant, a string, a constant before a string, or that of a shared chain. No string is made of it.</summary>
internal readonly ref struct ObjectName
{
    /// <summary>NFT_NAME_MAXLEN of linux/netfilter/nf_tables.h, which counts the terminating zero.</summary>
    public const int MaxLength = 255;

    private readonly ReadOnlySpan<byte> _prefix;
    private readonly ReadOnlySpan<char> _rest;
    private readonly SharedChain _chain;
    private readonly bool _isShared;

    public ObjectName(ReadOnlySpan<byte> prefix, ReadOnlySpan<char> rest)
    {
        _prefix = prefix;
        _rest = rest;
    }

    private ObjectName(SharedChain chain)
    {
        _chain = chain;
        _isShared = true;
    }

    public static implicit operator ObjectName(ReadOnlySpan<byte> name) => new(name, default);

    public static implicit operator ObjectName(string name) => new(default, name);

    public static implicit operator ObjectName(SharedChain chain) => new(chain);

    /// <summary>Writes the name, at most <see cref="MaxLength"/> bytes.</summary>
    /// <returns>The number of bytes.</returns>
    public int Format(Span<byte> destination)
    {
        if (_isShared)
        {
            return _chain.Format(destination);
        }

        _prefix.CopyTo(destination);
        return _prefix.Length + Encoding.UTF8.GetBytes(_rest, destination[_prefix.Length..]);
    }
}

/// <summary>Room for the longest name, to be kept in an encoder.</summary>
[InlineArray(ObjectName.MaxLength)]
internal struct NameBuffer
{
    private byte _first;
}
