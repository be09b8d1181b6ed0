using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Looks at the kernel all the time: what it had at the beginning and what nobody changed must never be missing.</summary>
internal sealed class KernelWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(30);

    private readonly CancellationTokenSource _end = new();
    private readonly Task _looking;
    private volatile int _looks;
    private volatile string? _missing;

    /// <summary>Begins.</summary>
    /// <param name="lab">The node, in nftables mode and with rules.</param>
    /// <param name="stable">The address of a Service that nobody changes.</param>
    /// <param name="mayChange">Whether a line belongs to something that changes during the test.</param>
    public KernelWatch(AgentLab lab, string stable, Func<string, bool> mayChange)
    {
        string[] kept = [.. lab.NftTable(IpFamily.IPv4).Where(line => !mayChange(line))];
        kept.Should().Contain(line => line.Contains(stable, StringComparison.Ordinal), "there is nothing to watch otherwise");
        _looking = Task.Run(() => LookAsync(lab, kept));
    }

    /// <summary>Waits for another look at the kernel from now on, and fails when something was missing in any.</summary>
    public async Task CheckAsync()
    {
        int before = _looks;
        while (_looks < before + 2 && _missing is null && !_looking.IsCompleted)
        {
            await Task.Delay(s_pause, TimeProvider.System, CancellationToken.None);
        }

        _missing.Should().BeNull();
        _looking.IsFaulted.Should().BeFalse(_looking.Exception?.ToString());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAny(_looking);
        _end.Dispose();
    }

    private async Task LookAsync(AgentLab lab, string[] kept)
    {
        while (!_end.IsCancellationRequested && _missing is null)
        {
            HashSet<string> seen = [.. lab.NftTable(IpFamily.IPv4)];
            if (Array.Find(kept, line => !seen.Contains(line)) is { } missing)
            {
                _missing = $"look {_looks}: {missing}";
            }

            _looks++;
            await Task.Delay(s_pause, TimeProvider.System, CancellationToken.None);
        }
    }
}
