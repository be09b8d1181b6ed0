using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A listing whose rules and elements are read on demand.</summary>
internal abstract class NftSource
{
    /// <summary>Reads a rule.</summary>
    public abstract NftRule Rule(RuleSlice slice);

    /// <summary>Reads elements of a set or map.</summary>
    public abstract void Elements(RuleSlice slice, List<NftExpression> elements);

    /// <summary>
    /// Reads elements of the simplest form, of which large sets and maps consist, straight from the text. False if an element
    /// has another form; what has been added is then invalid.
    /// </summary>
    public abstract bool TryFill(RuleSlice slice, BulkElementReader reader);
}

/// <summary>Rules in nft's language.</summary>
/// <param name="text">The text.</param>
internal sealed class NftTextSource(ReadOnlyMemory<byte> text) : NftSource
{
    public ReadOnlySpan<byte> Text(RuleSlice slice) => text.Span.Slice(slice.Start, slice.Length);

    public override NftRule Rule(RuleSlice slice) => NftRuleText.Read(Text(slice), slice.Line);

    public override void Elements(RuleSlice slice, List<NftExpression> elements) => new NftTextExpressions(NftKeywords.Split(Text(slice), slice.Line)).Elements(elements);

    public override bool TryFill(RuleSlice slice, BulkElementReader reader) => NftTextElements.TryFill(Text(slice), reader);
}
