using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A chain of a listing.</summary>
/// <param name="name">Its name.</param>
internal sealed class NftChain(string name)
{
    public string Name { get; } = name;

    public Hook? Hook { get; set; }

    public int Priority { get; set; }

    public bool IsNat { get; set; }

    public WalkVerdict Policy { get; set; } = WalkVerdict.Accept;

    public List<RuleSlice> Rules { get; } = [];

    /// <summary>A hook by its name; null for those that see no packets of the IP families.</summary>
    public static Hook? HookOf(string? name) => name switch
    {
        "prerouting" => RuleModel.Analysis.Rules.Hook.Prerouting,
        "input" => RuleModel.Analysis.Rules.Hook.Input,
        "forward" => RuleModel.Analysis.Rules.Hook.Forward,
        "output" => RuleModel.Analysis.Rules.Hook.Output,
        "postrouting" => RuleModel.Analysis.Rules.Hook.Postrouting,
        _ => null,
    };
}
