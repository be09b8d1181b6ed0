using System.Collections.Concurrent;
using System.Diagnostics;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Agent.Drift;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.Drift;

/// <summary>A watch that was opened in the network namespace of this thread, running, and what it reported.</summary>
internal sealed class WatchUnderTest : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly BlockingCollection<string> _reports = [];
    private readonly IDisposable _watch;
    private readonly Task _running;
    private int _looks;
    private int _endedLooks;

    private WatchUnderTest(Func<WatchUnderTest, IDisposable> open)
    {
        _watch = open(this);
        _running = ((IDriftWatch)_watch).RunAsync(_reports.Add, _stop.Token);
    }

    /// <summary>What is ours.</summary>
    public OwnTransactions Applies { get; } = new();

    /// <summary>What a look at the rules finds.</summary>
    public bool IsIntact { get; set; } = true;

    /// <summary>How long a look takes.</summary>
    public TimeSpan LookTakes { get; set; }

    /// <summary>How many looks have ended.</summary>
    public int EndedLooks => Volatile.Read(ref _endedLooks);

    /// <summary>How often the rules were looked at.</summary>
    public int Looks => Volatile.Read(ref _looks);

    public static WatchUnderTest OnNftables(RuleStore store, bool hearEvents = true, IpFamily family = IpFamily.IPv4) =>
        new(test => new NftablesDriftWatch(new(family, store, hearEvents), test.Applies, test.LookAsync, Timeout.InfiniteTimeSpan, TimeProvider.System, NullLogger.Instance));

    public static WatchUnderTest OnLegacy(IpFamily family = IpFamily.IPv4) =>
        new(test => new IptablesLegacyDriftWatch(family, test.Applies, test.LookAsync, Timeout.InfiniteTimeSpan, TimeProvider.System, NullLogger.Instance));

    /// <summary>The next report.</summary>
    public string Next() => _reports.TryTake(out string? what, s_patience) ? what : throw new TimeoutException("nothing was reported");

    /// <summary>Runs a tool as one of ours.</summary>
    public void ApplyOwn(bool isFull, bool register, string tool, string input, params string[] arguments)
    {
        using IDisposable apply = Applies.Begin(isFull);
        RunOwn(register, tool, input, arguments);
    }

    /// <summary>Runs a tool as one of ours, whose apply has begun already.</summary>
    public void RunOwn(bool register, string tool, string input, params string[] arguments)
    {
        ProcessStartInfo start = new(tool, arguments) { UseShellExecute = false, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        if (register)
        {
            Applies.ProcessStarted(process.Id);
        }

        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        process.ExitCode.Should().Be(0);
    }

    /// <summary>
    /// Proves that nothing so far was reported: damage that must be reported is done, and its report is the first.
    /// </summary>
    public void ShouldOnlyReport(string what, Action damage)
    {
        damage();
        Next().Should().Contain(what);
        _reports.Should().BeEmpty();
    }

    public void Dispose()
    {
        _stop.Cancel();
        Action ended = () => _running.GetAwaiter().GetResult();
        ended.Should().Throw<OperationCanceledException>();
        _watch.Dispose();
        _stop.Dispose();
        _reports.Dispose();
    }

    private async Task<bool> LookAsync(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _looks);
        await Task.Delay(LookTakes, TimeProvider.System, cancellation);
        bool isIntact = IsIntact; // what a test sets once a look has ended counts for the next
        Interlocked.Increment(ref _endedLooks);
        return isIntact;
    }
}
