using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Iptables.Tests.Reading;

public sealed class IpsetSaveReaderTests
{
    [Fact]
    public void TheSmallestNetworkDecides()
    {
        EquatableArray<EquatableArray<RuleStep>> found = Test(
            "create n hash:net family inet hashsize 1024 maxelem 65536\nadd n 10.0.0.0/8\nadd n 10.1.0.0/16 nomatch\nadd n 10.1.2.0/24\nadd n 192.0.2.0/24 timeout 30 comment \"two words\"\n", "n", true);

        RuleStep.AddressMatch match = found[0][0].Should().BeOfType<RuleStep.AddressMatch>().Subject;
        match.Ranges.AsSpan().ToArray().Select(static range => range.ToString()).Should()
            .Equal("10.0.0.0/16", "10.1.2.0/24", "10.2.0.0-10.255.255.255", "192.0.2.0/24");
    }

    [Theory]
    [InlineData("create s hash:mac\nadd s 00:11:22:33:44:55\n", "*type hash:mac is not decided*")]
    [InlineData("create other hash:ip\n", "*ipset s, which is not among those given")]
    [InlineData("create s list:set size 8\nadd s absent\n", "*absent in s, which is not among those given")]
    [InlineData("create s hash:ip bitmask 255.0.255.0\nadd s 10.0.0.1\n", "*not understood (hash:ip*")]
    public void WhatIsNotKnownIsUndecidedAndNamed(string text, string reason)
    {
        IpsetSaveReader.Read(text).TryTest("s", [true], returnsNoMatch: false, out _, out string dependsOn).Should().BeFalse();
        dependsOn.Should().Match(reason);
    }

    [Fact]
    public void ExceptionsOfTwoNetworksAreUndecided()
    {
        IpsetSaveReader.Read("create s hash:net,net\nadd s 10.0.0.0/8,10.0.0.0/8 nomatch\n").TryTest("s", [true, false], returnsNoMatch: false, out _, out string dependsOn).Should().BeFalse();
        dependsOn.Should().EndWith("with nomatch is not decided");
    }

    [Theory]
    [InlineData("", "holds no sets*")]
    [InlineData("create s hash:ip\nadd t 10.0.0.1\n", "line 2: the set t is not created above")]
    [InlineData("create s hash:ip\nadd s 10.0.0.x\n", "line 2: \"10.0.0.x\" is no entry of a set of type hash:ip; give what*")]
    [InlineData("create s hash:ip,port\nadd s 10.0.0.1\n", "line 2: \"10.0.0.1\" is no entry*")]
    [InlineData("create s hash:ip\nName: s\n", "line 2: \"Name: s\" is not a line of ipset save; give what \"sudo ipset save\" prints")]
    public void BadLinesAreNamed(string text, string message) =>
        FluentActions.Invoking(() => IpsetSaveReader.Read(text)).Should().Throw<RuleTextException>().WithMessage(message);

    private static EquatableArray<EquatableArray<RuleStep>> Test(string text, string name, params bool[] areSources)
    {
        IpsetSaveReader.Read(text).TryTest(name, areSources, returnsNoMatch: false, out EquatableArray<EquatableArray<RuleStep>> found, out string dependsOn).Should().BeTrue(dependsOn);
        return found;
    }
}
