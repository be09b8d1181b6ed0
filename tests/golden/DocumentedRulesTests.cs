using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>Rules that documents quote are rules that the program prints: blocks that begin with <c>```rules CASE</c>.</summary>
public sealed class DocumentedRulesTests
{
    private const string Start = "```rules ";

    [Fact]
    public void EveryQuotedRuleIsPrinted()
    {
        int quoted = 0;
        foreach (string file in Directory.GetFiles(RepositoryRoot.Combine("docs"), "*.md"))
        {
            string[] lines = File.ReadAllLines(file);
            for (int line = 0; line < lines.Length; line++)
            {
                if (!lines[line].StartsWith(Start, StringComparison.Ordinal))
                {
                    continue;
                }

                HashSet<string> printed = [.. Listing(lines[line][Start.Length..]).Split('\n')];
                for (line++; lines[line] != "```"; line++)
                {
                    printed.Should().Contain(lines[line], $"{Path.GetFileName(file)}:{line + 1} quotes it");
                    quoted++;
                }
            }
        }

        quoted.Should().BeGreaterThan(30);
    }

    private static string Listing(string name)
    {
        RuleModelSnapshot model = ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), "iptables");
        ArrayBufferWriter<byte> output = new();
        IptablesRenderer.WriteListing(model.IPv4, IptablesOptions.Default, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
