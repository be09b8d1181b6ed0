using KubeProxySharp.Proxy.Agent.Apply;
using Microsoft.Extensions.Logging;
using Tmds.DBus.Protocol;

namespace KubeProxySharp.Proxy.Agent.Drift.Firewalld;

/// <summary>
/// Listens for firewalld's start and reload: with its iptables backend it then removes the rules of others as well.
/// A node without firewalld or bus is as good as any.
/// </summary>
/// <param name="log">Receives one message that there is no bus.</param>
/// <param name="time">Measures the pauses.</param>
/// <param name="address">The address of the bus; null for the system's, which DBUS_SYSTEM_BUS_ADDRESS may name.</param>
/// <param name="longestPause">The longest pause before a bus that is not there is looked for again; null for 60 s.</param>
internal sealed class FirewalldWatch(ILogger log, TimeProvider time, string? address = null, TimeSpan? longestPause = null) : IDriftWatch
{
    private const string Firewalld = "org.fedoraproject.FirewallD1";
    private const string Bus = "org.freedesktop.DBus";

    /// <summary>Where the system's bus is (dbus-daemon(1)), by the name that an image without /var/run has as well.</summary>
    private const string Socket = "/run/dbus/system_bus_socket";

    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);

    /// <summary>How long a bus may take to let us in; it starts with the node, which is busy then.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly TimeSpan _longestPause = longestPause ?? TimeSpan.FromSeconds(60);
    private bool _isMissingLogged;
    private TimeSpan _pause;

    /// <inheritdoc/>
    public async Task RunAsync(Action<string> drifted, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await ListenAsync(drifted, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                if (!_isMissingLogged)
                {
                    _isMissingLogged = true;
                    log.NoBus(e.Message);
                }
            }

            TimeSpan twice = _pause == TimeSpan.Zero ? s_firstPause : _pause * 2;
            _pause = twice < _longestPause ? twice : _longestPause;
            await Task.Delay(_pause, time, cancellation);
        }
    }

    private async Task ListenAsync(Action<string> drifted, CancellationToken cancellation)
    {
        string? named = address ?? Environment.GetEnvironmentVariable("DBUS_SYSTEM_BUS_ADDRESS");
        if (string.IsNullOrEmpty(named) && !File.Exists(Socket))
        {
            throw new FileNotFoundException($"there is no {Socket}");
        }

        using DBusConnection bus = new(string.IsNullOrEmpty(named) ? $"unix:path={Socket}" : named);
        await AskAsync(bus, drifted).WaitAsync(s_patience, time, cancellation);
        log.Watching();
        _isMissingLogged = false;
        _pause = TimeSpan.Zero;
        Exception? why = await bus.DisconnectedAsync().WaitAsync(cancellation);
        throw new IOException($"the connection to the bus ended: {why?.Message}");
    }

    private static async Task AskAsync(DBusConnection bus, Action<string> drifted)
    {
        await bus.ConnectAsync();
        MatchRule owner = new()
        {
            Type = MessageType.Signal,
            Sender = Bus,
            Interface = Bus,
            Member = "NameOwnerChanged",
            Arg0 = Firewalld,
        };
        await bus.AddMatchAsync(
            owner,
            static (message, _) => NewOwner(message),
            (Notification<string> change) =>
            {
                if (change is { HasValue: true, Value.Length: > 0 })
                {
                    drifted("firewalld started");
                }
            });
        await bus.WatchSignalAsync(Firewalld, path: null, Firewalld, "Reloaded", (Notification _) => drifted("firewalld reloaded its rules"), ObserverFlags.None);
    }

    private static string NewOwner(Message message)
    {
        Reader reader = message.GetBodyReader();
        _ = reader.ReadString(); // the name
        _ = reader.ReadString(); // who had it
        return reader.ReadString();
    }
}
