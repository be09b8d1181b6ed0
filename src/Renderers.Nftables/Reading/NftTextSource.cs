using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Rules in nft's language.</summary>
/// <param name="text">The text.</param>
internal sealed class NftTextSource(ReadOnlyMemory<byte> text) : NftSource
{
    public ReadOnlySpan<byte> Text(RuleSlice slice) => text.Span.Slice(slice.Start, slice.Length);

    public override NftRule Rule(RuleSlice slice) => NftRuleText.Read(Text(slice), slice.Line);

    public override void Elements(RuleSlice slice, List<NftExpression> elements) => new NftTextExpressions(NftKeywords.Split(Text(slice), slice.Line)).Elements(elements);

    public override bool TryFill(RuleSlice slice, BulkElementReader fill) => NftTextElements.TryFill(Text(slice), fill);
}
