namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Other configurations in iptables mode, with the legacy variant.</summary>
public sealed class IptablesVariationTests(LegacyLab lab) : VariationTests(lab), IClassFixture<LegacyLab>;
