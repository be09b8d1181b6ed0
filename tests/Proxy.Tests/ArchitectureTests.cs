using System.Reflection;
using System.Xml.Linq;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging;

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
    [InlineData("Renderers.Nftables", "Conntrack RuleModel")]
    [InlineData("Conntrack", "RuleModel")]
    [InlineData("Kubernetes", "RuleModel")]
    public void ProjectsReferToTheRuleModelAndLittleElse(string project, string references)
    {
        XDocument file = XDocument.Load(RepositoryRoot.Combine("src", project, project + ".csproj"));

        IEnumerable<string?> found = file.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")?.Value));

        string.Join(' ', found).Should().Be(references);
    }

    /// <summary>Event ids identify messages in logs that machines read.</summary>
    [Fact]
    public void LogMessagesHaveEventIdsOfTheirOwn()
    {
        Type[] ofAssemblies = [typeof(KubeProxySharp.Proxy.Agent.Host.NodeAgent), typeof(KubeProxySharp.Kubernetes.Client.EventWriter)];
        IEnumerable<int> ids = ofAssemblies.SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .Select(message => message.EventId);

        ids.Should().OnlyHaveUniqueItems().And.HaveCountGreaterThan(30);
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

    /// <summary>The folders of each project, each before those that it may use. A folder without an entry belongs to the one above it.</summary>
    private static readonly Dictionary<string, string[]> s_rooms = new(StringComparer.Ordinal)
    {
        ["Proxy"] =
        [
            "", "Commands", "Commands/Completion", "Commands/Run", "Commands/Bundle", "Commands/Plan", "Commands/Verify", "Commands/Compare", "Commands/Status", "Commands/ExplainPage", "Commands/Explain", "Commands/DryRun",
            "Commands/Replay",
            "Commands/Inputs", "Commands/Output", "Agent/Host", "Agent/Watch", "Agent/Flows", "Agent/Drift", "Agent/Sync", "Agent/Apply", "Agent/Counting",
            "Agent/Recording",
            "Observability/Serving", "Observability/Status", "Observability/Health", "Observability/Metrics", "Observability/Logging", "Configuration", "Host",
        ],
        ["RuleModel"] =
        [
            "Analysis/Equivalence", "Analysis/Walk", "Analysis/Rules", "Analysis/Routes", "Analysis/Sets", "Model", "Selection", "State", "Settings", "Inputs", "Text",
            "Collections", "Addresses",
        ],
        ["Kubernetes"] = ["Watch", "Client", "Connection", "Wire", "Manifests", "Documents", ""],
        ["Conntrack"] = ["Stale", "Addresses", "", "Wire", "Text", "Netlink", "Flows"],
        ["Renderers.Nftables"] = ["", "Netlink", "Rendering", "Reading", "Naming"],
    };

    /// <summary>Of the project Conntrack, nftables knows what messages look like, and nothing of flows or sockets.</summary>
    [Fact]
    public void NftablesUsesNetlinkMessagesOnly()
    {
        string root = RepositoryRoot.Combine("src", "Renderers.Nftables");
        foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file);
            text.Replace("using KubeProxySharp.Conntrack.Netlink;", "", StringComparison.Ordinal).Should().NotContain("KubeProxySharp.Conntrack", file);
            foreach (string type in (string[])["NetlinkSocket", "NetlinkConnection"])
            {
                text.Should().NotContain(type, file);
            }
        }
    }

    [Theory]
    [InlineData("Proxy")]
    [InlineData("RuleModel")]
    [InlineData("Kubernetes")]
    [InlineData("Conntrack")]
    [InlineData("Renderers.Nftables")]
    public void RoomsUseOnlyThoseBelowThem(string project)
    {
        string root = RepositoryRoot.Combine("src", project);
        string prefix = $"KubeProxySharp.{project}";
        List<string> wrong = [];
        foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            string folder = Path.GetRelativePath(root, Path.GetDirectoryName(file)!).TrimStart('.'); // a file has a folder
            int own = RankOf(project, folder);
            own.Should().BeGreaterThanOrEqualTo(0, $"{file} is in no room that ArchitectureTests knows");
            foreach (string line in File.ReadLines(file).Where(line => line.StartsWith("using ", StringComparison.Ordinal)))
            {
                string name = line["using ".Length..].TrimEnd(';').Replace("static ", "", StringComparison.Ordinal);
                if (name != prefix && !name.StartsWith(prefix + ".", StringComparison.Ordinal))
                {
                    continue;
                }

                string used = name[prefix.Length..].TrimStart('.').Replace('.', '/');
                string room = line.Contains("static ", StringComparison.Ordinal) ? used[..Math.Max(0, used.LastIndexOf('/'))] : used;
                if (RankOf(project, room) < own)
                {
                    wrong.Add($"{Path.GetRelativePath(root, file)} uses {used}");
                }
            }
        }

        wrong.Should().BeEmpty();
    }

    /// <summary>What a document names can be opened.</summary>
    [Fact]
    public void SourceFilesThatDocumentsNameExist()
    {
        List<string> missing = [];
        foreach (string document in Directory.EnumerateFiles(RepositoryRoot.Combine("docs"), "*.md"))
        {
            foreach (string quoted in File.ReadAllText(document).Split('`').Where(static (_, index) => index % 2 == 1))
            {
                if (quoted.StartsWith("src/", StringComparison.Ordinal) && !quoted.Contains(' ', StringComparison.Ordinal) && !Path.Exists(RepositoryRoot.Combine(quoted)))
                {
                    missing.Add($"{Path.GetFileName(document)}: {quoted}");
                }
            }
        }

        missing.Should().BeEmpty();
    }

    private static int RankOf(string project, string folder)
    {
        string[] rooms = s_rooms[project];
        string? room = rooms.Where(room => folder == room || (room.Length != 0 && folder.StartsWith(room + "/", StringComparison.Ordinal))).MaxBy(room => room.Length);
        return room is null ? -1 : Array.IndexOf(rooms, room);
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
