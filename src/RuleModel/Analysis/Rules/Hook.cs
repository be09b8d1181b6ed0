namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The netfilter hooks of the IP families, in the kernel's order (linux/netfilter.h).</summary>
public enum Hook : byte
{
    /// <summary>Packets that came in, before routing.</summary>
    Prerouting,

    /// <summary>Packets for this node.</summary>
    Input,

    /// <summary>Packets for others.</summary>
    Forward,

    /// <summary>Packets that this node makes.</summary>
    Output,

    /// <summary>Packets that leave, after routing.</summary>
    Postrouting,
}
