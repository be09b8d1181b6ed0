using KubeProxySharp.RuleModel.Walk;

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
        "prerouting" => RuleModel.Walk.Hook.Prerouting,
        "input" => RuleModel.Walk.Hook.Input,
        "forward" => RuleModel.Walk.Hook.Forward,
        "output" => RuleModel.Walk.Hook.Output,
        "postrouting" => RuleModel.Walk.Hook.Postrouting,
        _ => null,
    };
}
