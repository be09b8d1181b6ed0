using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>
/// The chain that masquerades what pods send out of the cluster. The pods are matched here, not in the jump to it: iptables
/// refuses a match of the input interface in POSTROUTING itself.
/// </content>
internal ref partial struct RuleWriter
{
    private void EgressRules(EgressMasquerade egress)
    {
        NotFromPodsRule(egress.Pods);
        Append("KUBE-EGRESS-MASQ"u8);
        Comment("kubernetes egress: from the node itself"u8);
        _text.Write(" -m addrtype --src-type LOCAL"u8);
        Jump("RETURN"u8);
        foreach (IpPrefix kept in egress.KeptDestinations)
        {
            Append("KUBE-EGRESS-MASQ"u8);
            Destination(kept);
            Comment("kubernetes egress: pods keep their address"u8);
            Jump("RETURN"u8);
        }

        Append("KUBE-EGRESS-MASQ"u8);
        Comment("kubernetes egress: from pods to outside"u8);
        Jump(_options.HasRandomFully ? "MASQUERADE --random-fully"u8 : "MASQUERADE"u8);
    }

    private void NotFromPodsRule(LocalTrafficDetector pods)
    {
        if (pods.Kind == LocalTrafficKind.Prefix && pods.Prefix.IsEverything)
        {
            return;
        }

        Append("KUBE-EGRESS-MASQ"u8);
        _text.Write(" !"u8);
        if (pods.Kind == LocalTrafficKind.Prefix)
        {
            Source(pods.Prefix);
        }
        else
        {
            InputInterface(pods);
        }

        Comment("kubernetes egress: not from pods of this node"u8);
        Jump("RETURN"u8);
    }

    private void Destination(IpPrefix prefix)
    {
        _text.Write(" -d "u8);
        _text.WriteAsListed(prefix.Address);
        _text.WriteAscii((byte)'/');
        _text.Write(prefix.Length);
    }
}
