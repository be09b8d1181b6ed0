using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Verify;

/// <summary>Rules of a node that name ipsets: the sets are read from the kernel too.</summary>
[Trait("Category", "Netns")]
public sealed class LiveSetsTests : IDisposable
{
    private const string Rules = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -m set --match-set blocked src -j DROP\nCOMMIT\n";
    private const string Sets = "create blocked hash:net\nadd blocked 203.0.113.0/24\nadd blocked 203.0.113.200 nomatch\n";

    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "kube-proxy-sharp");

    private readonly string _saved = Path.GetTempFileName();

    public void Dispose() => File.Delete(_saved);

    [SkippableTheory]
    [InlineData("203.0.113.9", ": dropped")]
    [InlineData("203.0.113.200", ": left alone")]
    public void ExplainReadsThem(string source, string expected)
    {
        using LabNamespace node = Node();

        ChildProcess.Result run = Explain(node, source);

        run.ExitCode.Should().Be(0, run.Error);
        run.Output.Should().Contain("the rules of this node" + expected).And.NotContain("depends");
        run.Error.Should().NotContain("ipset");
    }

    [SkippableFact]
    public void WithoutIpsetTheAnswerIsOpenAndSaysWhy()
    {
        using LabNamespace node = Node();

        ChildProcess.Result run = Explain(node, "203.0.113.9", "unshare", "-m", "sh", "-c", "mount --bind /dev/null \"$(command -v ipset)\" && exec \"$@\"", "sh");

        run.ExitCode.Should().Be(0, run.Error);
        run.Output.Should().Contain("depends on the contents of the ipset");
        run.Error.Should().Contain("note: rules of this node name ipsets, whose contents are not known: ").And.Contain("--ipset FILE gives them");
    }

    [SkippableFact]
    public void CompareReadsThem()
    {
        using LabNamespace node = Node();
        string rules = node.Run("iptables-nft-save");
        File.WriteAllText(_saved, rules + node.Run("ipset", "save"));
        ChildProcess.Result same = Compare(node);
        File.WriteAllText(_saved, rules + Sets.Replace(".200", ".201", StringComparison.Ordinal));
        ChildProcess.Result other = Compare(node);

        same.ExitCode.Should().Be(0, same.Output + same.Error);
        other.ExitCode.Should().Be(2, other.Output + other.Error);
        other.Output.Should().Contain("203.0.113.20");
    }

    private static LabNamespace Node()
    {
        LabRequirements.RequireOrSkip();
        LabNamespace node = LabNamespace.Create("sets");
        node.RunWith(Sets, "ipset", "restore");
        node.RunWith(Rules, "iptables-nft-restore");
        return node;
    }

    private static ChildProcess.Result Explain(LabNamespace node, string source, params string[] around) =>
        ChildProcess.Try("ip", "", ["netns", "exec", node.Name, .. around, s_program, "explain", "--live", "--mode", "iptables", "--from", source, "--to", "192.0.2.77:80"]);

    private ChildProcess.Result Compare(LabNamespace node) =>
        ChildProcess.Try("ip", "", ["netns", "exec", node.Name, s_program, "compare", "live", _saved, "--mode", "iptables", "--family", "ipv4"]);
}
