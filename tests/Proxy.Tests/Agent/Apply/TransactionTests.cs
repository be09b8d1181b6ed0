using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply;

public sealed class TransactionTests
{
    private const string RefusesLine3 = "cat > /dev/null; echo 'line 3 failed' >&2; exit 1";

    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData(3)]
    [InlineData(50_000)]
    public async Task TheToolGetsTheTextAndTheFiguresAreThoseOfIt(int lines)
    {
        ProcessRunner runner = new ProcessRunner(HostNetns.Instance, _time).Reporting(_ => _time.Advance(TimeSpan.FromSeconds(2)));
        using Transaction transaction = new(runner, new("sh", "-c", $"[ $(wc -l) = {lines} ]"));
        int bytes = WriteLines(transaction, lines);
        _time.Advance(TimeSpan.FromSeconds(3));
        transaction.Figures.Should().BeNull();

        ApplyResult result = await transaction.CommitAsync(default);

        result.Should().Be(ApplyResult.Applied);
        transaction.Figures.Should().Be(new ApplyFigures(bytes, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2)));
    }

    /// <summary>A short text is in a buffer, a long one in a file.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(50_000)]
    public async Task ARefusedLineIsShownWithItsSurroundings(int lines)
    {
        using Transaction transaction = new(new ProcessRunner(HostNetns.Instance, _time), new("sh", "-c", RefusesLine3));
        WriteLines(transaction, lines);

        ApplyResult result = await transaction.CommitAsync(default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Error.Should().Be("sh ended with exit code 1: line 3 failed\n  1: rule 1\n  2: rule 2\n> 3: rule 3\n  4: rule 4\n  5: rule 5\n  6: rule 6");
        result.Complaints.Should().Equal("rule 3");
        transaction.Figures.Should().NotBeNull("a refused transaction costs as much");
    }

    /// <summary>What was rendered so far may be a whole script by chance.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1_000_000)]
    public async Task RenderingThatFailsStartsNoToolAndLeavesNoFile(int written)
    {
        List<int> started = [];
        byte[] mark = Guid.NewGuid().ToByteArray();

        Func<Task> failed = async () =>
        {
            using Transaction transaction = new(Counting(started), new("cat"));
            Render(transaction);
            await transaction.CommitAsync(default);
        };

        await failed.Should().ThrowAsync<FormatException>();
        started.Should().BeEmpty();
        FilesInMemory().Should().NotContain(file => file.SequenceEqual(mark));

        void Render(IBufferWriter<byte> output)
        {
            output.Write(mark);
            output.Write(new byte[written]);
            output.Write(new byte[written]);
            if (written > 100_000)
            {
                FilesInMemory().Should().Contain(file => file.SequenceEqual(mark));
            }

            throw new FormatException("broken");
        }
    }

    [Fact]
    public async Task AnApplierWhoseRenderingFailsStartsNoTool()
    {
        List<int> started = [];
        FamilyRules rules = Samples.Model([Samples.Service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;
        NftablesApplier nftables = new(IpFamily.IPv4, new NftProgramWriter(IpFamily.IPv4, Counting(started), options: null!), HostNetns.Instance, NftablesOptions.Default, _time, NullLogger.Instance);
        IptablesApplier iptables = new(new(IpFamily.IPv4, IptablesVariant.Nft), Counting(started), NullLogger.Instance);

        Func<Task> ofNftables = () => nftables.TryAsync(rules, default);
        Func<Task> ofIptables = () => iptables.TryAsync(rules: null!, default);

        await ofNftables.Should().ThrowAsync<NullReferenceException>();
        await ofIptables.Should().ThrowAsync<NullReferenceException>();
        started.Should().BeEmpty();
    }

    private ProcessRunner Counting(List<int> started) => new ProcessRunner(HostNetns.Instance, _time).Reporting(started.Add);

    private static int WriteLines(Transaction transaction, int lines)
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(1, lines).Select(line => $"rule {line}\n")));
        transaction.Write(text);
        return text.Length;
    }

    /// <summary>The beginnings of the files in memory that this process has open; other tests run at the same time.</summary>
    private static List<byte[]> FilesInMemory()
    {
        List<byte[]> found = [];
        foreach (string descriptor in Directory.GetFiles("/proc/self/fd"))
        {
            try
            {
                if (File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName.Contains("memfd:rules", StringComparison.Ordinal) == true)
                {
                    using FileStream file = File.OpenRead(descriptor);
                    byte[] start = new byte[16];
                    found.Add(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
                }
            }
            catch (IOException)
            {
                // Closed meanwhile.
            }
        }

        return found;
    }
}
