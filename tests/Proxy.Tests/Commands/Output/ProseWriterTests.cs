using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Tests.Commands.Output;

public sealed class ProseWriterTests
{
    private const string Reason = "  - masqueraded: with policy Cluster the endpoint may be on another node [spec.externalTrafficPolicy of Service shop/web]";

    /// <summary>Nothing is lost, and what is continued stands below the first word of the item.</summary>
    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(100)]
    public void ProseIsBrokenBetweenWords(int width)
    {
        string[] lines = Write(width, writer => writer.WriteProse(Reason));

        lines.Should().HaveCountGreaterThan(1).And.OnlyContain(line => line.Length <= width);
        lines.Skip(1).Should().OnlyContain(static line => line.StartsWith("    ", StringComparison.Ordinal) && line[4] != ' ');
        string.Join(' ', lines.Select(static line => line.Trim())).Should().Be(Reason.Trim());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(10)]
    [InlineData(200)]
    public void ItStaysWholeInFilesAndWhereItFits(int? width) => Write(width, static writer => writer.WriteProse(Reason)).Should().Equal(Reason);

    [Fact]
    public void RulesAreNeverBroken()
    {
        string rule = "      -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment \"shop/web:http cluster IP\" -m tcp --dport 80 -j KUBE-SVC-AAAAAAAAAAAAAAAA";

        Write(60, writer => writer.WriteLine(rule)).Should().Equal(rule);
    }

    /// <summary>Colours take no columns.</summary>
    [Fact]
    public void ColoursAreNotCounted()
    {
        string coloured = "\u001b[1mone two three four five six seven\u001b[0m eight";

        Write(40, writer => writer.WriteProse(coloured)).Should().Equal(coloured);
    }

    private static string[] Write(int? width, Action<ProseWriter> write)
    {
        using StringWriter output = new() { NewLine = "\n" };
        write(new(output, width));
        return output.ToString().TrimEnd('\n').Split('\n');
    }
}
