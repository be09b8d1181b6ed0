namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The table of behaviour in iptables mode.</summary>
public sealed class IptablesBehaviourTests(IptablesLab lab) : BehaviourTests(lab), IClassFixture<IptablesLab>;
