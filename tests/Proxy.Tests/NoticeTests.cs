using System.Text.Json;
using System.Text.RegularExpressions;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests;

/// <summary>The program is one file, so it brings the packages that it is made of along, and with them their licences.</summary>
public sealed class NoticeTests
{
    private static readonly string s_notice = File.ReadAllText(RepositoryRoot.Combine("NOTICE"));

    [Fact]
    public void EveryPackageInTheProgramIsNamedWithItsLicence()
    {
        string[] packages = [.. Packages()];

        packages.Should().NotBeEmpty();
        Array.FindAll(packages, package => !Regex.IsMatch(s_notice, $"(?m)^{Regex.Escape(package)} +(MIT|Apache-2.0|BSD-3-Clause) +Copyright ", RegexOptions.None, TimeSpan.FromSeconds(10)))
            .Should().BeEmpty("NOTICE names all that the program is made of");
    }

    [Theory]
    [InlineData("Permission is hereby granted, free of charge")]
    [InlineData("Neither the name of the copyright holder nor the names of its")]
    [InlineData("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION")]
    public void TheTextsOfTheLicencesAreThere(string words)
    {
        s_notice.Should().Contain(words);
    }

    /// <summary>Those that the program refers to, and those that these refer to; what only works while it is built is not in it.</summary>
    private static IEnumerable<string> Packages()
    {
        using JsonDocument locked = JsonDocument.Parse(File.ReadAllText(RepositoryRoot.Combine("src", "Proxy", "packages.lock.json")));
        return [.. from target in locked.RootElement.GetProperty("dependencies").EnumerateObject()
                   from package in target.Value.EnumerateObject()
                   where !package.Value.GetProperty("type").ValueEquals("Project")
                   where !package.Name.Contains("Analyzer", StringComparison.Ordinal) && package.Name is not "Microsoft.NET.ILLink.Tasks"
                   select package.Name];
    }
}
