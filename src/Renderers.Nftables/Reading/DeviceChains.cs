using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Chains of the hooks ingress and egress see the packets of an interface before and after all others, as frames. They are not followed:
/// what comes in or leaves by their interface meets a rule that may do anything.
/// </summary>
internal static class DeviceChains
{
    /// <summary>A table with a chain for each that has rules or drops; null if there is none.</summary>
    public static WalkTable? Of(NftTable table)
    {
        WalkTable? ofDevices = null;
        foreach (NftChain chain in table.Chains.Values)
        {
            if (table.IsDormant || chain.DeviceHook.Length == 0 || (chain.Rules.Count == 0 && chain.Policy == WalkVerdict.Accept))
            {
                continue;
            }

            bool isIngress = chain.DeviceHook == NftChain.Ingress;
            ofDevices ??= new WalkTable(table.Name);
            WalkChain shown = new(chain.Name)
            {
                Hook = isIngress ? Hook.Prerouting : Hook.Postrouting,
                Priority = isIngress ? int.MinValue : int.MaxValue, // before or after the chains of every priority
            };
            shown.Rules.Add(RuleOf(table, chain, isIngress));
            ofDevices.Chains.Add(chain.Name, shown);
        }

        return ofDevices;
    }

    private static WalkRule RuleOf(NftTable table, NftChain chain, bool isIngress)
    {
        string text = $"table {table.Family} {table.Name} chain {chain.Name} of hook {chain.DeviceHook}";
        List<RuleStep> steps = [];
        if (chain.Devices.Count != 0)
        {
            steps.Add(new RuleStep.AnyOf([.. chain.Devices.Select(device => (EquatableArray<RuleStep>)[new RuleStep.InterfaceMatch(isIngress, device, IsPrefix: false, IsNegated: false)])], IsNegated: false));
        }

        steps.Add(new RuleStep.UnknownStatement(text));
        return new WalkRule(text, EquatableArray.CopyOf(steps));
    }
}
