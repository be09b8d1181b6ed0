using System.Text.RegularExpressions;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Deploy;

/// <summary>Faults of shell scripts that show only now and then, or only when they are called from elsewhere.</summary>
public sealed partial class ScriptTests
{
    private static readonly string[] s_folders = ["", "deploy", "scripts", "bench", Path.Combine("tests", "Node.Tests"), ".ci"];

    public static TheoryData<string> Scripts()
    {
        TheoryData<string> scripts = [];
        foreach (string folder in s_folders)
        {
            string[] files = Directory.GetFiles(RepositoryRoot.Combine(folder));
            foreach (string file in files.Where(static file => file.EndsWith(".sh", StringComparison.Ordinal) || file.EndsWith("/.ci/run", StringComparison.Ordinal)))
            {
                scripts.Add(Path.Combine(folder, Path.GetFileName(file)));
            }
        }

        return scripts;
    }

    /// <summary>The writer would die of SIGPIPE, and pipefail make that the end of the whole.</summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void NoPipeEndsInAReaderThatLeavesEarly(string script)
    {
        string text = File.ReadAllText(RepositoryRoot.Combine(script)).Replace("|\n", "| ", StringComparison.Ordinal);
        if (text.Contains("pipefail", StringComparison.Ordinal))
        {
            text.Split('\n').Where(static line => !line.TrimStart().StartsWith('#') && EarlyReader().IsMatch(line)).Should().BeEmpty();
        }
    }

    /// <summary>After a change of directory the path that a script was called by means another file, or none.</summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void AScriptThatChangesItsDirectoryDoesNotNeedThePathItWasCalledBy(string script)
    {
        string text = File.ReadAllText(RepositoryRoot.Combine(script));
        int change = text.IndexOf("\ncd \"$(dirname \"$0\")", StringComparison.Ordinal);

        if (change >= 0)
        {
            text[(change + 20)..].Should().NotContain("\"$0\"");
        }
    }

    [Theory]
    [InlineData("nft list ruleset | grep -q x", true)]
    [InlineData("ldconfig -p | awk '$1 == name { print $NF; exit }'", true)]
    [InlineData("sort x | head -1", true)]
    [InlineData("sort x | sed 1q", true)]
    [InlineData("sort x | grep -o x || true", false)]
    [InlineData("grep -q x file || head -1 file", false)]
    [InlineData("sort x | awk 'NR == 1'", false)]
    public void EarlyReadersAreKnown(string line, bool isEarly)
    {
        EarlyReader().IsMatch(line).Should().Be(isEarly);
    }

    [GeneratedRegex(@"(?<!\|)\|&?\s*(grep\s+(-\w+\s+)*(-\w*[qm]|--quiet|--max-count)|head\b|awk\b[^|]*\bexit\b|sed\s+(-\w+\s+)*'?\$?\d*q\b|sed\b[^|]*;\s*q\b)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex EarlyReader();
}
