using System.Text;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Tests.Configuration;

public sealed class EgressConfigurationTests
{
    private const string Path = "/etc/config/ip-masq-agent";

    [Theory]
    [InlineData("nonMasqueradeCIDRs:\n- 10.0.0.0/8\n- fd00::/8\nmasqLinkLocal: true\nresyncInterval: 1m30s\n")]
    [InlineData("""{"nonMasqueradeCIDRs": ["10.0.0.0/8", "fd00::/8"], "masqLinkLocal": true, "resyncInterval": "1m30s"}""")]
    [InlineData("""{"NonMasqueradeCIDRs": ["10.0.0.0/8", "fd00::/8"], "MASQLINKLOCAL": true, "ResyncInterval": "90s"}""")]
    public void YamlAndJsonAreReadInAnyCase(string text)
    {
        EgressConfiguration read = Read(text);

        read.Policy.NonMasqueradeCidrs.ToString().Should().Be("[10.0.0.0/8, fd00::/8]");
        read.Policy.MasqueradesLinkLocal.Should().BeTrue();
        read.Policy.MasqueradesLinkLocalIPv6.Should().BeFalse();
        read.ResyncInterval.Should().Be(TimeSpan.FromSeconds(90));
        read.Warnings.IsEmpty.Should().BeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("{}")]
    [InlineData("masqLinkLocal: false")]
    public void WhatIsNotSaidIsAsInIPMasqAgent(string text)
    {
        EgressConfiguration read = Read(text);

        read.Policy.Should().Be(EgressPolicy.Default);
        read.ResyncInterval.Should().Be(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void AnEmptyListKeepsNothing() => Read("nonMasqueradeCIDRs: []").Policy.NonMasqueradeCidrs.IsEmpty.Should().BeTrue();

    [Theory]
    [InlineData("nonMasqueradeCIDRs: [10.0.0.0]", "line 1: nonMasqueradeCIDRs[0] \"10.0.0.0\" is not a CIDR; write \"10.0.0.0/32\" for this one address")]
    [InlineData("nonMasqueradeCIDRs: [10.0.0.0/8, pods]", "nonMasqueradeCIDRs[1] \"pods\" is not a CIDR; write a range such as")]
    [InlineData("nonMasqueradeCIDRs: [10.0.0.1/8]", "nonMasqueradeCIDRs[0] \"10.0.0.1/8\" has bits behind the length of its prefix; write \"10.0.0.0/8\" for the whole range, or \"10.0.0.1/32\"")]
    [InlineData("nonMasqueradeCIDRs: 10.0.0.0/8", "nonMasqueradeCIDRs is a text, not a list")]
    [InlineData("nonMasqueradeCIDRs: [10]", "nonMasqueradeCIDRs[0] is a number, not a text")]
    [InlineData("nonMasqueradeCIDRs: [null]", "nonMasqueradeCIDRs[0] \"\" is not a CIDR")]
    [InlineData("cidrLimit: 1\nnonMasqueradeCIDRs: [10.0.0.0/8, 11.0.0.0/8]", "line 2: nonMasqueradeCIDRs has 2 ranges, and cidrLimit allows 1; set cidrLimit higher")]
    [InlineData("masqLinkLocal: sometimes", "masqLinkLocal is a text, not a boolean")]
    [InlineData("resyncInterval: 60", "resyncInterval is a number, not a text; write \"60\" in quotes")]
    [InlineData("resyncInterval: 60x", "resyncInterval \"60x\" is not a duration above zero; write one such as 60s")]
    [InlineData("resyncInterval: 0s", "resyncInterval \"0s\" is not a duration above zero")]
    [InlineData("resyncInterval: -1s", "resyncInterval \"-1s\" is not a duration above zero")]
    [InlineData("[10.0.0.0/8]", "is a list, not a mapping")]
    [InlineData("a: b\n---\nc: d\n", "is a second document")]
    [InlineData("nonMasqueradeCIDRs: [", "is not YAML")]
    public void WhatCannotBeUsedIsNamedWithTheRemedy(string text, string message)
    {
        Action read = () => Read(text);

        read.Should().Throw<ConfigurationException>().Where(e => e.Message.StartsWith(Path + ": ", StringComparison.Ordinal) && e.Message.Contains(message, StringComparison.Ordinal), "{0}", message);
    }

    [Fact]
    public void UnknownFieldsAreReportedAndIgnored() =>
        Read("nonMasqueradeCidr: [10.0.0.0/8]").Warnings.AsSpan().ToArray().Should().Equal($"{Path}: line 1: nonMasqueradeCidr is not a field of ip-masq-agent's configuration; ignored");

    [Fact]
    public void WithoutAFileTheDefaultsApply() => EgressConfiguration.ReadFile("/nowhere/ip-masq-agent").Should().Be(EgressConfiguration.Default);

    [Fact]
    public void AFileThatCannotBeReadIsNamed()
    {
        Action read = () => EgressConfiguration.ReadFile("/proc");

        read.Should().Throw<ConfigurationException>().WithMessage("/proc cannot be read: *");
    }

    private static EgressConfiguration Read(string text) => EgressConfiguration.Read(Encoding.UTF8.GetBytes(text), Path);
}
