using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KubeProxySharp.Proxy.Appliers;
using KubeProxySharp.Proxy.DBus.Interop;
using KubeProxySharp.Proxy.Drift.Interop;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.DBus;

/// <summary>
/// Hears from firewalld when it starts or reloads: with its iptables backend it then removes the rules of others as well.
/// A node without firewalld, bus or libsystemd is as good as any.
/// </summary>
/// <param name="log">Is told once that there is no bus.</param>
/// <param name="address">The address of the bus; null for the system's.</param>
/// <param name="retry">How long to wait before a bus that is not there is looked for again; null for 60 s.</param>
internal sealed class FirewalldWatch(ILogger log, string? address = null, TimeSpan? retry = null) : IDriftWatch
{
    private const string Name = "org.fedoraproject.FirewallD1";
    private const string Bus = "org.freedesktop.DBus";

    /// <summary>Where libsystemd looks for the bus (sd_bus_open_system(3)).</summary>
    private const string Socket = "/run/dbus/system_bus_socket";

    private readonly TimeSpan _retry = retry ?? TimeSpan.FromSeconds(60);
    private bool _isMissingLogged;

    /// <inheritdoc/>
    public Task RunAsync(Action<string> drifted, CancellationToken cancellation) =>
        Task.Factory.StartNew(() => Watch(drifted, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Watch(Action<string> drifted, CancellationToken cancellation)
    {
        using Waiting waiting = new();
        using CancellationTokenRegistration wake = cancellation.UnsafeRegister(static state => ((Waiting)state!).Wake(), waiting);
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                Listen(drifted, waiting, cancellation);
            }
            catch (Exception e) when (e is BusException or DllNotFoundException or EntryPointNotFoundException)
            {
                if (!_isMissingLogged)
                {
                    _isMissingLogged = true;
                    log.NoBus(e is BusException ? e.Message : "libsystemd.so.0 is not installed");
                }

                waiting.Wait(null, 0, _retry);
            }
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Looked for first, since libsystemd and what it needs take memory that a node without a bus can keep.</summary>
    private bool HasBus() =>
        address is not null || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DBUS_SYSTEM_BUS_ADDRESS")) || File.Exists(Socket);

    private unsafe void Listen(Action<string> drifted, Waiting waiting, CancellationToken cancellation)
    {
        if (!HasBus())
        {
            throw new BusException($"there is no {Socket}");
        }

        using SystemBus bus = SystemBus.Connect(address);
        GCHandle state = GCHandle.Alloc(drifted);
        try
        {
            bus.AddMatch($"type='signal',sender='{Bus}',interface='{Bus}',member='NameOwnerChanged',arg0='{Name}'", &OnSignal, GCHandle.ToIntPtr(state));
            bus.AddMatch($"type='signal',sender='{Name}',interface='{Name}',member='Reloaded'", &OnSignal, GCHandle.ToIntPtr(state));
            log.Watching();
            _isMissingLogged = false;
            while (!cancellation.IsCancellationRequested)
            {
                if (!bus.Process())
                {
                    (int descriptor, short events) = bus.Waits();
                    using SafeFileHandle borrowed = new(descriptor, ownsHandle: false);
                    waiting.Wait(borrowed, events, null);
                }
            }
        }
        finally
        {
            bus.Dispose(); // nothing calls back any more
            state.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSignal(nint message, nint state, nint error)
    {
        Action<string> drifted = (Action<string>)GCHandle.FromIntPtr(state).Target!; // set by Listen
        if (SystemBus.IsSignal(message, Name, "Reloaded"))
        {
            drifted("firewalld reloaded its rules");
        }
        else if (SystemBus.ReadText(message) == Name && SystemBus.ReadText(message) is not null && SystemBus.ReadText(message) is { Length: > 0 })
        {
            // Name, old owner, new owner.
            drifted("firewalld started");
        }

        return 0;
    }
}
