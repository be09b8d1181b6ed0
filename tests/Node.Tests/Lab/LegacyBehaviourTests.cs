namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The table of behaviour in iptables mode, with the legacy variant.</summary>
public sealed class LegacyBehaviourTests(LegacyLab lab) : BehaviourTests(lab), IClassFixture<LegacyLab>;
