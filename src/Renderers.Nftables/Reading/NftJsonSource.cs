using System.Text.Json;

namespace KubeProxySharp.Renderers.Nftables.Reading;

internal sealed class NftJsonSource : NftSource
{
    private readonly List<JsonElement> _parts = [];

    public NftSlice Add(JsonElement part)
    {
        _parts.Add(part);
        return new(_parts.Count - 1, 1, 0);
    }

    public override NftRule Rule(NftSlice slice) => NftJsonRules.Read(_parts[slice.Start]);

    public override void Elements(NftSlice slice, List<NftExpression> elements) => elements.AddRange(NftJsonExpressions.Elements(_parts[slice.Start]));
}
