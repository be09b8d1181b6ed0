using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Says in words what a statement does.</summary>
internal static class StepDescription
{
    public static string Describe(RuleStep step) => step switch
    {
        RuleStep.Verdict { Kind: WalkVerdict.Accept } => "accepts",
        RuleStep.Verdict { Kind: WalkVerdict.Drop } => "drops",
        RuleStep.Verdict => "returns",
        RuleStep.Reject { With.Length: 0 } => "refuses",
        RuleStep.Reject reject => $"refuses with {reject.With}",
        RuleStep.Jump jump => $"goes to {jump.Chain}",
        RuleStep.VerdictLookup lookup => lookup.Map.Name.Length == 0 ? "looks up where to go" : $"looks up where to go in {lookup.Map.Name}",
        RuleStep.SetMark { And: uint.MaxValue } mark => $"flips mark bits 0x{mark.Xor:x}",
        RuleStep.SetMark mark => $"sets mark bits 0x{~mark.And:x} to 0x{mark.Xor:x}",
        RuleStep.Dnat { Address: not null, Port: not null } dnat => $"sends to {new Addresses.EndpointAddress(dnat.Address.Value, dnat.Port.Value)}",
        RuleStep.Dnat dnat => $"sends to {dnat.Address?.ToString() ?? "port " + dnat.Port}",
        RuleStep.DnatLookup lookup => lookup.Map.Name.Length == 0 ? "picks an endpoint" : $"picks an endpoint from {lookup.Map.Name}",
        RuleStep.Masquerade => "masquerades",
        RuleStep.Translate { Kind: TranslationKind.Source } translate => $"rewrites the source to {translate.To}",
        RuleStep.Translate { Kind: TranslationKind.ToThisNode } translate => "redirects to this node" + (translate.To.Ports is { } ports ? $", port {ports}" : ""),
        RuleStep.Translate { To.Addresses: null } translate => $"sends to port {translate.To.Ports}",
        RuleStep.Translate translate => $"sends to {(translate.To.Addresses is { IsSingle: false } ? "one of " : "")}{translate.To}",
        RuleStep.TranslatePrefix translate => $"maps the address into {translate.Prefix}",
        RuleStep.Cases => "looks up what to do",
        RuleStep.SetConnectionMark { And: uint.MaxValue } mark => $"flips bits 0x{mark.Xor:x} of the connection's mark",
        RuleStep.SetConnectionMark mark => $"sets bits 0x{~mark.And:x} of the connection's mark to 0x{mark.Xor:x}",
        RuleStep.SaveMark => "saves the mark in the connection",
        RuleStep.RestoreMark => "restores the mark from the connection",
        RuleStep.NoTracking => "exempts it from connection tracking",
        RuleStep.TrackingTemplate => "gives it a template of its connection",
        RuleStep.RememberClient remember => $"remembers the client in {remember.List}",
        RuleStep.ChangeSet => "changes an ipset",
        RuleStep.UnknownStatement { DependsOn.Length: > 0 } unknown => $"hands it to {unknown.DependsOn}",
        RuleStep.UnknownStatement unknown => $"may do anything: {unknown.Text}",
        _ => "",
    };
}
