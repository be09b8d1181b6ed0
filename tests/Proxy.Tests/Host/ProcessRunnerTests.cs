using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Tests.Host;

public sealed class ProcessRunnerTests
{
    private readonly ProcessRunner _runner = new(HostNetns.Instance, TimeProvider.System);

    [Fact]
    public async Task InputGoesInAndOutputAndExitCodeComeOut()
    {
        using SealedInput input = SealedInput.Of("hello"u8);

        ProcessResult result = await _runner.RunAsync(Shell("cat; echo oops >&2; exit 3"), input, default);

        result.Should().Be(new ProcessResult(ProcessEnd.Exited, 3, "hello", "oops\n"));
        result.IsSuccess.Should().BeFalse();
    }

    [Fact]
    public async Task ArgumentsArriveAsTheyAreAndNoShellSeesThem()
    {
        string[] arguments = ["$HOME `id` 'a  b'", "", " ", "a\tb\nc", "\"", "\\", "\\\"", "a\\\\", "b c\\", "*", ";", "ä"];

        ProcessResult result = await _runner.RunAsync(new("printf", ["%s\\0", .. arguments]), default);

        result.Output.Split('\0')[..^1].Should().Equal(arguments);
    }

    /// <summary>More in both directions than pipes hold: neither side may wait for the other for ever.</summary>
    [Fact]
    public async Task LargeInputAndOutputFlowAtTheSameTime()
    {
        using SealedInput input = Lines(200_000);

        ProcessResult result = await _runner.RunAsync(Shell("cat; head -c 300000 /dev/zero >&2"), input, default);

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

        lengths.Should().Equal(OutputLines.LongestLine, 5);
    }

    [Fact]
    public async Task AToolThatEndsWithoutReadingIsReportedByItsExitCode()
    {
        using SealedInput input = Lines(500_000);

        ProcessResult result = await _runner.RunAsync(Shell("echo no thanks >&2; exit 7"), input, default);

        result.Should().Be(new ProcessResult(ProcessEnd.Exited, 7, "", "no thanks\n"));
    }

    [Fact]
    public async Task TheEnvironmentIsClean()
    {
        Environment.SetEnvironmentVariable("SOME_TOKEN", "secret");

        ProcessResult result = await new ProcessRunner(HostNetns.Instance, TimeProvider.System, new Dictionary<string, string>(StringComparer.Ordinal) { ["XTABLES_LOCKFILE"] = "/x" }).RunAsync(new("env"), default);

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

        await cancelled.Should().ThrowAsync<OperationCanceledException>();
        processes.Should().HaveCount(2);
        SpinWait.SpinUntil(() => !processes.Exists(IsRunning), TimeSpan.FromSeconds(20)).Should().BeTrue();

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

    /// <summary>What was written so far may be a whole text by chance: a tool must not get it with an end.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1_000_000)]
    public async Task AnInputThatIsNotSealedStartsNoTool(int written)
    {
        List<int> started = [];
        using SealedInput input = new();
        input.Write(new byte[written]);

        Func<Task> failed = () => _runner.Reporting(started.Add).RunAsync(new("cat"), input, default);

        await failed.Should().ThrowAsync<InvalidOperationException>();
        started.Should().BeEmpty();
    }

    /// <summary>As a security profile may do it: the same input goes through the pipe, and so do those that follow.</summary>
    [Fact]
    public async Task AToolThatMayNotOpenTheFileGetsThePipe()
    {
        List<int> started = [];
        ProcessRunner runner = _runner.Reporting(started.Add);
        ToolCall call = new("sh", "-c", "[ \"$0\" = - ] && exec wc -l; echo \"$0: Permission denied\" >&2; exit 1", "-");
        using SealedInput input = Lines(50_000);

        ProcessResult first = await runner.RunAsync(call, input, default);
        ProcessResult second = await runner.RunAsync(call, input, default);

        first.Should().Be(new ProcessResult(ProcessEnd.Exited, 0, "50000\n", ""));
        second.Should().Be(first);
        started.Should().HaveCount(3);
    }

    /// <summary>Who watches the rules tells our commits from others by it.</summary>
    [Fact]
    public async Task TheNumberOfTheProcessIsReported()
    {
        List<string> started = [];

        ProcessResult result = await _runner.Reporting(process => started.Add($"{process}\n")).RunAsync(Shell("echo $$"), default);

        started.Should().Equal(result.Output);
    }

    [Fact]
    public async Task WhoCannotTakeALineEndsTheTool()
    {
        List<int> started = [];

        Func<Task> failed = () => _runner.Reporting(started.Add).RunAsync(Shell("echo line; sleep 1000") with { Lines = _ => throw new FormatException("broken") }, default);

        await failed.Should().ThrowAsync<FormatException>();
        Directory.Exists($"/proc/{started.Single()}").Should().BeFalse();
    }

    /// <summary>A process that left the tree may keep the pipes open: nobody waits for it.</summary>
    [Fact]
    public async Task WhatOutlivesTheToolIsNotWaitedForBeyondTheLimit()
    {
        ProcessResult result = await _runner.RunAsync(Shell("(sleep 1000 & echo $! >&2)") with { Limit = TimeSpan.FromSeconds(1) }, default);

        result.End.Should().Be(ProcessEnd.TimedOut);
        using Process left = Process.GetProcessById(int.Parse(result.Error, CultureInfo.InvariantCulture));
        left.ProcessName.Should().Be("sleep");
        left.Kill();
    }

    [Fact]
    public async Task AFileThatIsNoProgramIsAResult()
    {
        string file = Path.GetTempFileName();

        ProcessResult result = await _runner.RunAsync(new(file), default);

        result.End.Should().Be(ProcessEnd.NotStarted);
        result.Describe("x").Should().Be(
            $"{file} cannot be started: An error occurred trying to start process '{file}' with working directory '{Environment.CurrentDirectory}'. Permission denied");
        File.Delete(file);
    }

    /// <summary>Who is dead stays as a zombie until somebody waits for it.</summary>
    private static bool IsRunning(string process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static ToolCall Shell(string script) => new("sh", "-c", script);

    private static SealedInput Lines(int count)
    {
        SealedInput input = new();
        for (int line = 0; line < count; line++)
        {
            input.Write(Encoding.UTF8.GetBytes($"line {line}\n"));
        }

        input.Seal();
        return input;
    }
}
