using System.Text;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

public sealed class NameTableTests
{
    private readonly NameTable _names = new(new Utf8StringPool());

    [Theory]
    [InlineData("web")]
    [InlineData("wéb")]
    public void AKnownNameIsFoundByItsBytesWithoutANewString(string name)
    {
        NamespacedName known = _names.Resolve("shop"u8, Encoding.UTF8.GetBytes(name));
        _names.Mark(known);

        NamespacedName again = _names.Resolve("shop"u8, Encoding.UTF8.GetBytes(name));

        again.Should().Be(new NamespacedName("shop", name));
        again.Name.Should().BeSameAs(known.Name);
    }

    [Fact]
    public void TheBorderBetweenNamespaceAndNameCounts()
    {
        _names.Mark(new("ab", "c"));

        _names.Resolve("a"u8, "bc"u8).Should().Be(new NamespacedName("a", "bc"));
    }

    [Fact]
    public void WhatAListingDoesNotMarkHasVanished()
    {
        _names.BeginListing();
        _names.Mark(new("a", "1"));
        _names.Mark(new("a", "2"));
        _names.Mark(new("a", "3"));
        _names.BeginListing();
        _names.Mark(new("a", "2"));
        _names.Keep(new("a", "3"));
        _names.Keep(new("a", "never-seen"));

        _names.TakeVanished().Should().Equal(new NamespacedName("a", "1"));
        _names.Count.Should().Be(2);
        _names.TakeVanished().Should().BeEmpty();
    }
}
