using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply;

public sealed class LineSplitterTests
{
    /// <summary>However a text is cut into writes, its lines are the same.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public void LinesDoNotDependOnHowATextIsWritten(int size)
    {
        Random random = new(size);
        string[] lines = [.. Enumerable.Range(0, 300).Select(number => new string((char)('a' + (number % 26)), random.Next(0, number % 50 == 49 ? 30_000 : 80)))];
        byte[] text = Encoding.ASCII.GetBytes(string.Join('\n', lines) + "\n");
        List<string> found = [];
        LineSplitter splitter = new(line => found.Add(Encoding.ASCII.GetString(line)));

        foreach (byte[] part in text.Chunk(size))
        {
            splitter.Write(part);
        }

        found.Should().Equal(lines);
    }

    /// <summary>A line without an end is not complete.</summary>
    [Fact]
    public void ARestIsKeptUntilItsEndIsWritten()
    {
        List<string> found = [];
        LineSplitter splitter = new(line => found.Add(Encoding.ASCII.GetString(line)));

        splitter.Write("*nat\n:KUBE-"u8);
        found.Should().Equal("*nat");
        splitter.Write("MARK-MASQ - [0:0]\n"u8);

        found.Should().Equal("*nat", ":KUBE-MARK-MASQ - [0:0]");
    }
}
