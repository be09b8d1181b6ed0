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
    /// <summary>Renders and reads.</summary>
    /// <param name="rules">The model of one family.</param>
    /// <param name="mode">iptables or nftables.</param>
    public static Ruleset Of(FamilyRules rules, string mode)
    {
        ArrayBufferWriter<byte> text = new();
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
