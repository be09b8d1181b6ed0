namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Connections under change in iptables mode.</summary>
public sealed class IptablesChangeTests() : ChangeTests("iptables");
