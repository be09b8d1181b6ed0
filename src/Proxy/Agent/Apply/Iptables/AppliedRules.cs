using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>The rules that the last successful apply left in the kernel.</summary>
/// <param name="rules">The rules.</param>
/// <param name="options">How they were written.</param>
internal sealed class AppliedRules(FamilyRules rules, IptablesOptions options)
{
    private readonly Lock _lock = new();
    private (int Rules, ulong Sum)? _digest;

    /// <summary>What a listing of them comes to; made when it is first asked for, as most rules are replaced unchecked.</summary>
    public (int Rules, ulong Sum) Digest
    {
        get
        {
            lock (_lock)
            {
                return _digest ??= Make();
            }
        }
    }

    private (int Rules, ulong Sum) Make()
    {
        RuleDigest digest = new();
        IptablesRenderer.WriteListing(rules, options, new LineSplitter(digest.Take));
        return digest.Value;
    }
}
