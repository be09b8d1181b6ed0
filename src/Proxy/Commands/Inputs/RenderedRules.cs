using System.Buffers;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The rules that the agent would write for a model, read back from their text.</summary>
internal static class RenderedRules
{
    private const int BytesOfEndpoint = 320;
    private const int BytesOfService = 1024;
    private const long MostBytesAtOnce = 256 * 1024 * 1024;

    /// <summary>Renders and reads.</summary>
    /// <param name="rules">The model of one family.</param>
    /// <param name="mode">iptables or nftables.</param>
    /// <param name="nftables">The options of nftables rules; null for those of a usual node.</param>
    public static Ruleset Of(FamilyRules rules, string mode, NftablesOptions? nftables = null)
    {
        Ruleset read = new(rules.Family);
        if (mode == ProxyMode.Nftables)
        {
            ArrayBufferWriter<byte> script = new();
            NftablesRenderer.WriteFull(rules, nftables ?? NftablesOptions.Default, script);
            NftScriptReader.Read(script.WrittenMemory, read);
        }
        else
        {
            ArrayBufferWriter<byte> listing = new(RoomFor(rules));
            IptablesRenderer.WriteListing(rules, IptablesOptions.Default, listing);
            IptablesSaveReader.Read(listing.WrittenMemory, read);
        }

        return read;
    }

    /// <summary>Room for a listing at once, in bytes: growing by doubling copies and clears twice as much.</summary>
    private static int RoomFor(FamilyRules rules) =>
        (int)Math.Min(MostBytesAtOnce, (BytesOfEndpoint * (long)rules.EndpointCount) + (BytesOfService * (1L + rules.Services.Count)));
}
