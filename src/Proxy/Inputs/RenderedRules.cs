using System.Buffers;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Inputs;

/// <summary>The rules that the agent would write for a model, read back from their text.</summary>
internal static class RenderedRules
{
    private const int BytesOfEndpoint = 320;
    private const int BytesOfService = 1024;
    private const long MostBytesAtOnce = 256 * 1024 * 1024;

    /// <summary>Renders and reads.</summary>
    /// <param name="rules">The model of one family.</param>
    /// <param name="mode">iptables or nftables.</param>
    public static Ruleset Of(FamilyRules rules, string mode)
    {
        // Room at once for what iptables rules need, since growing by doubling copies and clears twice as much.
        ArrayBufferWriter<byte> text = new((int)Math.Min(
            MostBytesAtOnce,
            (BytesOfEndpoint * (long)rules.EndpointCount) + (BytesOfService * (1L + rules.Services.Count))));
        Ruleset read = new(rules.Family);
        if (mode == ProxyMode.Nftables)
        {
            NftablesRenderer.WriteFull(rules, NftablesOptions.Default, text);
            NftScriptReader.Read(text.WrittenMemory, read);
        }
        else
        {
            IptablesRenderer.WriteListing(rules, IptablesOptions.Default, text);
            IptablesSaveReader.Read(text.WrittenMemory, read);
        }

        return read;
    }
}
