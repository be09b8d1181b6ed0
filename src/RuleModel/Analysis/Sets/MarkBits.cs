using System.Numerics;

namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>
/// What is known of a packet's mark: the bits of its initial mark that are given or were assumed, and what rules have changed
/// since.
/// </summary>
/// <param name="Settled">Bits of the initial mark that are given or assumed.</param>
/// <param name="Value">Their values.</param>
/// <param name="Fixed">Bits that rules have set, whatever they were before.</param>
/// <param name="FixedValue">Their values.</param>
/// <param name="Flipped">Other bits that rules have flipped.</param>
internal readonly record struct MarkBits(uint Settled, uint Value, uint Fixed, uint FixedValue, uint Flipped)
{
    /// <summary>Bits of the present mark that are known.</summary>
    public uint Known => Fixed | Settled;

    /// <summary>The present mark, as far as it is known.</summary>
    public uint Present => FixedValue | ((Value ^ Flipped) & Settled & ~Fixed);

    /// <summary>A mark that is known.</summary>
    public static MarkBits Of(uint mark) => new(uint.MaxValue, mark, 0, 0, 0);

    /// <summary>Whether both are the same mark of the same packets, however it came about.</summary>
    public bool IsLike(MarkBits other) => this == other
        || (Settled == other.Settled && Value == other.Value && Known == uint.MaxValue && other.Known == uint.MaxValue && Present == other.Present);

    /// <summary>The mark after mark := (mark AND <paramref name="and"/>) XOR <paramref name="xor"/>.</summary>
    public MarkBits After(uint and, uint xor)
    {
        uint isFixed = Fixed | ~and;
        return this with { Fixed = isFixed, FixedValue = ((FixedValue & and) ^ xor) & isFixed, Flipped = (Flipped ^ xor) & ~isFixed };
    }

    /// <summary>Whether the masked mark has a value, or which unknown bits that depends on.</summary>
    /// <returns>True or false, or null with the bits in <paramref name="open"/>.</returns>
    public bool? Has(uint mask, uint value, out uint open)
    {
        open = mask & ~Known;
        bool canBe = (value & ~mask) == 0 && ((Present ^ value) & mask & Known) == 0;
        return !canBe ? false : open == 0 ? true : null;
    }

    /// <summary>Assumes values for unknown bits of the present mark.</summary>
    public MarkBits Settle(uint bits, uint present) => this with { Settled = Settled | bits, Value = Value | ((present ^ Flipped) & bits) };

    /// <summary>A mask of the lowest bit that is set.</summary>
    public static uint LowestOf(uint bits) => 1u << BitOperations.TrailingZeroCount(bits);
}
