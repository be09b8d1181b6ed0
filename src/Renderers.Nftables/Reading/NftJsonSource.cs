using System.Text;
using System.Text.Json;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Rules in JSON. What has not the shape that nft gives it is not understood, but it is no error: by now it is known to be JSON.</summary>
/// <param name="json">The listing.</param>
internal sealed class NftJsonSource(ReadOnlyMemory<byte> json) : NftSource
{
    public override NftRule Rule(RuleSlice slice)
    {
        using JsonDocument document = JsonDocument.Parse(Part(slice));
        try
        {
            return NftJsonRules.Read(document.RootElement);
        }
        catch (Exception e) when (NftJsonReader.IsOfShape(e))
        {
            string text = document.RootElement.GetRawText();
            return new([new NftStatement.Unknown(text)], text, "");
        }
    }

    public override void Elements(RuleSlice slice, List<NftExpression> elements)
    {
        using JsonDocument document = JsonDocument.Parse(Part(slice));
        try
        {
            elements.AddRange(NftJsonExpressions.Elements(document.RootElement));
        }
        catch (Exception e) when (NftJsonReader.IsOfShape(e))
        {
            elements.Add(new NftExpression.Raw(Encoding.UTF8.GetString(Part(slice).Span)));
        }
    }

    private ReadOnlyMemory<byte> Part(RuleSlice slice) => json.Slice(slice.Start, slice.Length);
}
