using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Addresses of one family from a first to a last, as 128-bit numbers in the form of <see cref="IpAddress.ToBits"/>.</summary>
/// <param name="First">The first address.</param>
/// <param name="Last">The last address, not before the first.</param>
public readonly record struct AddressRange(UInt128 First, UInt128 Last) : IComparable<AddressRange>
{
    /// <summary>The range of a prefix.</summary>
    public static AddressRange Of(IpPrefix prefix) => new(prefix.Address.ToBits(), prefix.LastAddress().ToBits());

    /// <summary>The range of one address.</summary>
    public static AddressRange Of(IpAddress address) => new(address.ToBits(), address.ToBits());

    /// <summary>All addresses of a family.</summary>
    public static AddressRange All(IpFamily family) => Of(IpPrefix.Parse(family == IpFamily.IPv4 ? "0.0.0.0/0" : "::/0"));

    /// <summary>Whether it is one address.</summary>
    public bool IsSingle => First == Last;

    /// <summary>Whether an address is inside.</summary>
    public bool Contains(UInt128 address) => address >= First && address <= Last;

    /// <summary>Whether another range is inside.</summary>
    public bool Contains(AddressRange other) => other.First >= First && other.Last <= Last;

    /// <summary>Whether both have an address in common.</summary>
    public bool Overlaps(AddressRange other) => other.First <= Last && other.Last >= First;

    /// <inheritdoc/>
    public int CompareTo(AddressRange other) => (First, Last).CompareTo((other.First, other.Last));

    /// <summary>The range as a prefix if it is one, else as <c>first-last</c>.</summary>
    public override string ToString()
    {
        IpAddress first = IpAddress.FromBits(First);
        if (IsSingle)
        {
            return first.ToString();
        }

        UInt128 size = Last - First + 1;
        bool isPowerOfTwo = size == 0 || (size & (size - 1)) == 0;
        int hostBits = size == 0 ? 128 : (int)UInt128.TrailingZeroCount(size);
        bool isPrefix = isPowerOfTwo && hostBits <= first.BitLength && (size == 0 || (First & (size - 1)) == 0);
        return isPrefix ? $"{first}/{first.BitLength - hostBits}" : $"{first}-{IpAddress.FromBits(Last)}";
    }
}
