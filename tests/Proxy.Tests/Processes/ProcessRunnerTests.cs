using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Processes;

namespace KubeProxySharp.Proxy.Tests.Processes;

public sealed class ProcessRunnerTests
{
    private readonly ProcessRunner _runner = new(OwnNetwork.Instance, TimeProvider.System);

    [Fact]
    public async Task InputGoesInAndOutputAndExitCodeComeOut()
    {
        ProcessResult result = await _runner.RunAsync(Shell("cat; echo oops >&2; exit 3") with { Input = Text("hello") }, default);

        result.Should().Be(new ProcessResult(ProcessEnd.Exited, 3, "hello", "oops\n"));
        result.IsSuccess.Should().BeFalse();
    }

    [Fact]
    public async Task ArgumentsAreNotSeenByAnyShell()
    {
        ProcessResult result = await _runner.RunAsync(new("echo", "$HOME `id` 'a  b'"), default);

        result.Output.Should().Be("$HOME `id` 'a  b'\n");
    }

    /// <summary>More in both directions than pipes hold: neither side may wait for the other for ever.</summary>
    [Fact]
    public async Task LargeInputAndOutputFlowAtTheSameTime()
    {
        ProcessResult result = await _runner.RunAsync(Shell("cat; head -c 300000 /dev/zero >&2") with { Input = Lines(200_000) }, default);

        result.IsSuccess.Should().BeTrue();
        result.Output.Should().HaveLength(ProcessRunner.MostOutput).And.StartWith("line 0\nline 1\n");
        result.Error.Should().HaveLength(ProcessRunner.MostError);
    }

    [Fact]
    public async Task OutputIsSplitIntoLines()
    {
        List<string> lines = [];

        await _runner.RunAsync(Shell("printf 'a\\n\\nlong '; head -c 40000 /dev/zero | tr '\\0' x; printf '\\nlast'") with { Lines = line => lines.Add(Encoding.ASCII.GetString(line)) }, default);

        lines.Should().Equal("a", "", "long " + new string('x', 40000), "last");
    }

    [Fact]
    public async Task LinesThatAreTooLongAreCut()
    {
        List<int> lengths = [];

        await _runner.RunAsync(Shell("head -c 1000000 /dev/zero; echo; echo short") with { Lines = line => lengths.Add(line.Length) }, default);

        lengths.Should().Equal(OutputPump.LongestLine, 5);
    }

    [Fact]
    public async Task AToolThatEndsWithoutReadingIsReportedByItsExitCode()
    {
        ProcessResult result = await _runner.RunAsync(Shell("echo no thanks >&2; exit 7") with { Input = Lines(500_000) }, default);

        result.Should().Be(new ProcessResult(ProcessEnd.Exited, 7, "", "no thanks\n"));
    }

    [Fact]
    public async Task TheEnvironmentIsClean()
    {
        Environment.SetEnvironmentVariable("SOME_TOKEN", "secret");

        ProcessResult result = await new ProcessRunner(OwnNetwork.Instance, TimeProvider.System, new Dictionary<string, string>(StringComparer.Ordinal) { ["XTABLES_LOCKFILE"] = "/x" }).RunAsync(new("env"), default);

        result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0])
            .Should().BeEquivalentTo("PATH", "LC_ALL", "XTABLES_LOCKFILE");
    }

    [Fact]
    public async Task AMissingToolIsAResult()
    {
        ProcessResult result = await _runner.RunAsync(new("nft-that-is-not-there"), default);

        result.End.Should().Be(ProcessEnd.NotStarted);
        result.Describe("nft").Should().Contain("nft-that-is-not-there is not installed").And.Contain("PATH");
    }

    [Fact]
    public async Task AToolThatTakesTooLongIsKilledWithItsChildren()
    {
        ProcessResult result = await _runner.RunAsync(Shell("echo $$ >&2; sleep 1000 & wait") with { Limit = TimeSpan.FromMilliseconds(300) }, default);

        result.End.Should().Be(ProcessEnd.TimedOut);
        result.Describe("sh").Should().Contain("took too long");
        Directory.Exists("/proc/" + result.Error.Trim()).Should().BeFalse();
    }

    [Fact]
    public async Task CancellingKillsTheToolWithItsChildren()
    {
        using CancellationTokenSource stop = new();
        List<string> processes = [];

        Func<Task> cancelled = () => _runner.RunAsync(
            Shell("sleep 1000 & echo $$; echo $!; wait") with { Lines = line => CancelAtSecond(Encoding.ASCII.GetString(line)) },
            stop.Token);

        // The pipes are closed only when the last process that has them is gone.
        await cancelled.Should().ThrowAsync<OperationCanceledException>();
        processes.Should().HaveCount(2);

        void CancelAtSecond(string line)
        {
            processes.Add(line);
            if (processes.Count == 2)
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public async Task ASignalIsTold()
    {
        ProcessResult result = await _runner.RunAsync(Shell("kill -9 $$"), default);

        result.End.Should().Be(ProcessEnd.Signalled);
        result.Describe("sh").Should().Contain("signal 9");
    }

    /// <summary>What a failed writer wrote so far may be a whole text by chance: the tool must not act on it.</summary>
    [Fact]
    public async Task AWriterThatFailsKillsTheToolBeforeItSeesTheEnd()
    {
        string file = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());

        Func<Task> failed = () => _runner.RunAsync(Shell($"cat >/dev/null; touch {file}") with { Input = _ => throw new FormatException("broken") }, default);

        await failed.Should().ThrowAsync<FormatException>();
        File.Exists(file).Should().BeFalse();
    }

    private static ToolCall Shell(string script) => new("sh", "-c", script);

    private static Action<IBufferWriter<byte>> Text(string text) => output => output.Write(Encoding.UTF8.GetBytes(text));

    private static Action<IBufferWriter<byte>> Lines(int count) => output =>
    {
        for (int line = 0; line < count; line++)
        {
            output.Write(Encoding.UTF8.GetBytes($"line {line}\n"));
        }
    };
}
