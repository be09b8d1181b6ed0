using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Proxy.Host.Interop;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Tracks the addresses on the node's interfaces: the kernel lists them once and reports changes. While the kernel cannot be
/// queried, the last known addresses stay in use.
/// </summary>
/// <param name="open">Subscribes to the kernel's reports.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class AddressWatch(Func<IInterfaceAddressFeed> open, ILogger log, TimeProvider time) : IDisposable
{
    /// <summary>The number of attempts, over some six seconds, before the start fails.</summary>
    public const int StartAttempts = 7;

    private const short PollIn = 1; // POLLIN

    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(30);

    /// <summary>A listing costs a fraction of a millisecond; a periodic one corrects whatever the events missed.</summary>
    private static readonly TimeSpan s_listInterval = TimeSpan.FromMinutes(5);

    private readonly NetlinkWait _waiting = new();
    private IInterfaceAddressFeed? _feed;
    private volatile IReadOnlyList<IpAddress> _addresses = [];
    private long _listed;
    private int _failures;

    /// <summary>The last known addresses: each once, ordered, loopback and link-local ones included. Does not query the kernel.</summary>
    public IReadOnlyList<IpAddress> Read() => _addresses;

    /// <summary>Reads the addresses for the first time.</summary>
    /// <exception cref="KernelSetupException">They could not be read in <see cref="StartAttempts"/> attempts.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        for (int attempt = 1; Update() is { } error; attempt++)
        {
            if (attempt == StartAttempts)
            {
                throw new KernelSetupException($"the addresses of the interfaces cannot be read: {error.Message}");
            }

            await Task.Delay(RetryDelay(), time, cancellation);
        }
    }

    /// <summary>Follows changes until cancelled.</summary>
    /// <param name="changed">Called from another thread when the addresses have changed.</param>
    /// <param name="cancellation">Cancels the watch.</param>
    public Task RunAsync(Action changed, CancellationToken cancellation) =>
        Task.Factory.StartNew(() => Follow(changed, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <inheritdoc/>
    public void Dispose()
    {
        _feed?.Dispose();
        _waiting.Dispose();
    }

    private void Follow(Action changed, CancellationToken cancellation)
    {
        using CancellationTokenRegistration wake = cancellation.UnsafeRegister(static waiting => ((NetlinkWait)waiting!).Wake(), _waiting);
        while (!cancellation.IsCancellationRequested)
        {
            IReadOnlyList<IpAddress> before = _addresses;
            Exception? error = Update();
            if (!ReferenceEquals(before, _addresses))
            {
                changed();
            }

            _waiting.Wait(error is null ? _feed?.Handle : null, PollIn, error is null ? s_listInterval : RetryDelay());
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Applies what the kernel reported. Without a change the list stays the same object.</summary>
    /// <returns>The error; null on success.</returns>
    private NetlinkException? Update()
    {
        try
        {
            _feed ??= open();
            if (_listed == 0 || time.GetElapsedTime(_listed) >= s_listInterval)
            {
                _listed = time.GetTimestamp();
                _feed.Invalidate();
            }

            IReadOnlyList<IpAddress> now = _feed.Update();
            if (!now.SequenceEqual(_addresses))
            {
                _addresses = now;
            }
        }
        catch (NetlinkException e)
        {
            if (_failures++ == 0)
            {
                LogFailed(e.Message);
            }

            // The next attempt opens a new socket: this one may be broken.
            _feed?.Dispose();
            _feed = null;
            return e;
        }

        if (_failures != 0)
        {
            LogRecovered(_failures);
            _failures = 0;
        }

        return null;
    }

    private TimeSpan RetryDelay()
    {
        TimeSpan delay = s_firstRetry * Math.Pow(2, Math.Min(_failures - 1, 20));
        return delay < s_longestRetry ? delay : s_longestRetry;
    }

    [LoggerMessage(EventId = 5050, Level = LogLevel.Warning, Message = "The addresses of the interfaces cannot be read; the last known ones stay, and it is tried again: {Error}")]
    private partial void LogFailed(string error);

    [LoggerMessage(EventId = 5051, Level = LogLevel.Information, Message = "The addresses of the interfaces can be read again, after {Failures} failures")]
    private partial void LogRecovered(int failures);
}
