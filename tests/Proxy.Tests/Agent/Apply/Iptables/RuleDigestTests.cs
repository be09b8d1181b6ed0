using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Iptables;

public sealed class RuleDigestTests
{
    private const string Text = """
        *filter
        :KUBE-FORWARD - [0:0]
        -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
        -A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
        COMMIT
        *nat
        -A PREROUTING -j KUBE-SERVICES
        -A KUBE-SVC-67NZLRHBNDSAWJRO -j KUBE-SEP-34ZZ2QFGO32YYXXO
        COMMIT

        """;

    [Theory]
    [InlineData("-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n", "")]
    [InlineData("-A PREROUTING -j KUBE-SERVICES\n", "")]
    [InlineData("0x4000/0x4000", "0x8000/0x8000")]
    [InlineData("-A KUBE-FORWARD -m", "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n-A KUBE-FORWARD -m")]
    [InlineData("-A PREROUTING -j KUBE-SERVICES\n", "-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n")]
    [InlineData("*nat", "*mangle")]
    public void AChangeOfOurRulesIsSeen(string from, string to)
    {
        Digest(Text.Replace(from, to, StringComparison.Ordinal)).Should().NotBe(Digest(Text));
    }

    [Theory]
    [InlineData("-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE")]
    [InlineData("-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-1")]
    [InlineData("-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP")]
    [InlineData("-A INPUT -j KUBE-FIREWALL")]
    [InlineData("-A INPUT -j KUBE-ROUTER-INPUT")]
    [InlineData("-A KUBE-POD-FW-34ZZ2QFGO32YYXXO -j ACCEPT")]
    [InlineData(":KUBE-KUBELET-CANARY - [0:0]")]
    public void RulesOfOthersCountForNothing(string line)
    {
        Digest(Text.Replace("COMMIT\n*nat", line + "\nCOMMIT\n*nat", StringComparison.Ordinal)).Should().Be(Digest(Text));
    }

    /// <summary>Nobody would take it away again, so it must not be repaired for ever.</summary>
    [Fact]
    public void AJumpThatIsThereTwiceIsThere()
    {
        Digest(Text.Replace("-A PREROUTING -j KUBE-SERVICES\n", "-A PREROUTING -j KUBE-SERVICES\n-A PREROUTING -j KUBE-SERVICES\n", StringComparison.Ordinal))
            .Should().Be(Digest(Text));
    }

    [Fact]
    public void TheOrderOfRulesDoesNotCount()
    {
        string[] lines = Text.Split('\n');
        int nat = Array.IndexOf(lines, "*nat");
        (lines[nat + 1], lines[nat + 2]) = (lines[nat + 2], lines[nat + 1]);

        Digest(string.Join('\n', lines)).Should().Be(Digest(Text));
    }

    /// <summary>The renderer writes in pieces of any size; a listing comes line by line.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public void PiecesAndLinesGiveTheSame(int size)
    {
        RuleDigest pieces = new();
        LineSplitter splitter = new(pieces.Take);
        byte[] bytes = Encoding.ASCII.GetBytes(Text);
        for (int at = 0; at < bytes.Length; at += size)
        {
            splitter.Write(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)));
        }

        RuleDigest lines = new();
        foreach (string line in Text.Split('\n'))
        {
            lines.Take(Encoding.ASCII.GetBytes(line));
        }

        pieces.Value.Should().Be(lines.Value);
        pieces.Value.Rules.Should().Be(4);
    }

    private static (int Rules, ulong Sum) Digest(string text)
    {
        RuleDigest digest = new();
        new LineSplitter(digest.Take).Write(Encoding.ASCII.GetBytes(text));
        return digest.Value;
    }
}
