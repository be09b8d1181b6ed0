using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply;

public sealed class ErrorContextTests
{
    [Theory]
    [InlineData(5, "  2: l2\n  3: l3\n  4: l4\n> 5: l5\n  6: l6\n  7: l7\n  8: l8\n")]
    [InlineData(1, "> 1: l1\n  2: l2\n  3: l3\n  4: l4\n")]
    [InlineData(20, "  17: l17\n  18: l18\n  19: l19\n> 20: l20")]
    [InlineData(99, "")]
    public void KeepsThreeLinesBeforeAndAfter(int line, string expected)
    {
        ErrorContext window = new(line);

        // In pieces that do not end where lines do.
        foreach (char[] piece in string.Join('\n', Enumerable.Range(1, 20).Select(number => $"l{number}")).Chunk(7))
        {
            window.Write(Encoding.ASCII.GetBytes(piece));
        }

        window.ToString().Should().Be(expected);
    }

    [Fact]
    public void LongLinesAreCut()
    {
        ErrorContext window = new(1);

        window.Write(Encoding.ASCII.GetBytes(new string('x', 100_000) + "\nnext"));

        window.ToString().Should().Be($"> 1: {new string('x', 400)}...\n  2: next");
    }
}
