using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Chains of the hook ingress see the packets of an interface before all others, as frames. They are not followed: what comes in by
/// their interface meets a rule that may do anything.
/// </summary>
internal static class IngressChains
{
    /// <summary>Before the chains of every priority.</summary>
    private const int First = int.MinValue;

    /// <summary>A table with a chain for each that has rules or drops; null if there is none.</summary>
    public static WalkTable? Of(NftTable table)
    {
        WalkTable? ingress = null;
        foreach (NftChain chain in table.Chains.Values)
        {
            if (table.IsDormant || !chain.IsIngress || (chain.Rules.Count == 0 && chain.Policy == WalkVerdict.Accept))
            {
                continue;
            }

            ingress ??= new WalkTable(table.Name);
            WalkChain shown = new(chain.Name) { Hook = Hook.Prerouting, Priority = First };
            shown.Rules.Add(RuleOf(table, chain));
            ingress.Chains.Add(chain.Name, shown);
        }

        return ingress;
    }

    private static WalkRule RuleOf(NftTable table, NftChain chain)
    {
        string text = $"table {table.Family} {table.Name} chain {chain.Name} of hook ingress";
        List<RuleStep> steps = [];
        if (chain.Devices.Count != 0)
        {
            steps.Add(new RuleStep.AnyOf([.. chain.Devices.Select(device => (EquatableArray<RuleStep>)[new RuleStep.InterfaceMatch(IsInput: true, device, IsPrefix: false, IsNegated: false)])], IsNegated: false));
        }

        steps.Add(new RuleStep.UnknownStatement(text));
        return new WalkRule(text, EquatableArray.CopyOf(steps));
    }
}
