using System.Text;
using System.Text.Json;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Rules in JSON. Invalid rules are read as unknown ones, since errors cannot be reported during a walk.</summary>
/// <param name="json">The listing.</param>
internal sealed class NftJsonSource(ReadOnlyMemory<byte> json) : NftSource
{
    public override NftRule Rule(RuleSlice slice)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Part(slice));
            return NftJsonRules.Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException || NftJsonReader.IsOfShape(e))
        {
            string text = Encoding.UTF8.GetString(Part(slice).Span);
            return new([new NftStatement.Unknown(text)], text, "");
        }
    }

    public override void Elements(RuleSlice slice, List<NftExpression> elements)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Part(slice));
            elements.AddRange(NftJsonExpressions.Elements(document.RootElement));
        }
        catch (Exception e) when (e is JsonException || NftJsonReader.IsOfShape(e))
        {
            elements.Add(new NftExpression.Raw(Encoding.UTF8.GetString(Part(slice).Span)));
        }
    }

    public override bool TryFill(RuleSlice slice, BulkElementReader reader)
    {
        try
        {
            return new NftJsonElements(Part(slice).Span).TryFill(reader);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private ReadOnlyMemory<byte> Part(RuleSlice slice) => json.Slice(slice.Start, slice.Length);
}
