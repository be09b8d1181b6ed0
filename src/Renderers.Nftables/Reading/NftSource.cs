using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A listing, of which parts are read when they are needed.</summary>
internal abstract class NftSource
{
    /// <summary>Reads a rule.</summary>
    public abstract NftRule Rule(RuleSlice slice);

    /// <summary>Reads elements of a set or map.</summary>
    public abstract void Elements(RuleSlice slice, List<NftExpression> elements);

    /// <summary>
    /// Fills in elements of the forms that make up large sets and maps, straight from the text. False if there is one of
    /// another form; what was filled is then of no use.
    /// </summary>
    public abstract bool TryFill(RuleSlice slice, BulkElementReader fill);
}

/// <summary>Rules in nft's language.</summary>
/// <param name="text">The text.</param>
internal sealed class NftTextSource(ReadOnlyMemory<byte> text) : NftSource
{
    public ReadOnlySpan<byte> Text(RuleSlice slice) => text.Span.Slice(slice.Start, slice.Length);

    public override NftRule Rule(RuleSlice slice) => NftRuleText.Read(Text(slice), slice.Line);

    public override void Elements(RuleSlice slice, List<NftExpression> elements) => new NftTextExpressions(NftKeywords.Split(Text(slice), slice.Line)).Elements(elements);

    public override bool TryFill(RuleSlice slice, BulkElementReader fill) => NftTextElements.TryFill(Text(slice), fill);
}
