using System.Xml.Linq;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests;

/// <summary>The arrows of the design: everything points to the rule model, and only the program sees all.</summary>
public sealed class ArchitectureTests
{
    private static readonly string[] s_top = ["Conntrack", "Kubernetes", "Proxy", "Renderers.Iptables", "Renderers.Nftables", "RuleModel"];

    [Fact]
    public void SourceFoldersAreTheFixedOnes()
    {
        Directory.GetDirectories(RepositoryRoot.Combine("src")).Select(Path.GetFileName).Order(StringComparer.Ordinal).Should().Equal(s_top);
    }

    [Theory]
    [InlineData("RuleModel", "")]
    [InlineData("Renderers.Iptables", "RuleModel")]
    [InlineData("Renderers.Nftables", "RuleModel")]
    [InlineData("Conntrack", "RuleModel")]
    [InlineData("Kubernetes", "RuleModel")]
    public void ProjectsReferToTheRuleModelOnly(string project, string references)
    {
        XDocument file = XDocument.Load(RepositoryRoot.Combine("src", project, project + ".csproj"));

        IEnumerable<string?> found = file.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")?.Value));

        string.Join(' ', found).Should().Be(references);
    }

    /// <summary>The pure core knows no clock, file, process or socket.</summary>
    [Theory]
    [InlineData("RuleModel")]
    [InlineData("Renderers.Iptables")]
    [InlineData("Renderers.Nftables")]
    public void TheCoreHasNoEffects(string project)
    {
        string[] forbidden = ["System.IO", "System.Net.", "System.Diagnostics.Process", "TimeProvider", "Stopwatch", "Console.", "File.", "Environment.", "Thread", "async "];
        foreach (string file in Directory.EnumerateFiles(RepositoryRoot.Combine("src", project), "*.cs", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file);
            Array.FindAll(forbidden, word => text.Contains(word, StringComparison.Ordinal)).Should().BeEmpty(file);
        }
    }

    [Fact]
    public void TheCoreHasNoPackages()
    {
        foreach (string project in (string[])["RuleModel", "Renderers.Iptables", "Renderers.Nftables", "Conntrack"])
        {
            File.ReadAllText(RepositoryRoot.Combine("src", project, project + ".csproj")).Should().NotContain("PackageReference");
        }
    }
}
