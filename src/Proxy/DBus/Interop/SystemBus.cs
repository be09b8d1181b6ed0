using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.DBus.Interop;

/// <summary>A connection to the system bus, by libsystemd's sd-bus (systemd/sd-bus.h). Of one thread only.</summary>
internal sealed partial class SystemBus : SafeHandle
{
    private const string Library = "libsystemd.so.0";

    /// <summary>No connection yet.</summary>
    public SystemBus()
        : base(0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Connects.</summary>
    /// <param name="address">The address of the bus; null for the system's, which DBUS_SYSTEM_BUS_ADDRESS may name.</param>
    /// <exception cref="BusException">There is no bus, or it lets nobody in.</exception>
    /// <exception cref="DllNotFoundException">libsystemd is not installed.</exception>
    public static SystemBus Connect(string? address)
    {
        if (address is null)
        {
            BusException.ThrowIfFailed(OpenSystem(out SystemBus system), "connecting to the system bus");
            return system;
        }

        BusException.ThrowIfFailed(New(out SystemBus bus), "making a connection");
        try
        {
            BusException.ThrowIfFailed(SetAddress(bus, address), "reading the address of the bus");
            BusException.ThrowIfFailed(SetClient(bus, 1), "making a connection");
            BusException.ThrowIfFailed(Start(bus), "connecting to the bus");
            return bus;
        }
        catch
        {
            bus.Dispose();
            throw;
        }
    }

    /// <summary>Has a function called for each message that matches, until the connection ends.</summary>
    /// <param name="match">What matches, in D-Bus' words.</param>
    /// <param name="callback">Called with the message, what <paramref name="state"/> says, and room for an error.</param>
    /// <param name="state">Handed on.</param>
    public unsafe void AddMatch(string match, delegate* unmanaged[Cdecl]<nint, nint, nint, int> callback, nint state) =>
        BusException.ThrowIfFailed(AddMatch(this, 0, match, (nint)callback, state), "asking for signals");

    /// <summary>Handles one message; whether there was something to do.</summary>
    public bool Process() => BusException.ThrowIfFailed(Process(this, 0), "reading from the bus") > 0;

    /// <summary>The descriptor to wait for, and the events.</summary>
    public (int Descriptor, short Events) Waits() =>
        (BusException.ThrowIfFailed(GetDescriptor(this), "waiting for the bus"), (short)BusException.ThrowIfFailed(GetEvents(this), "waiting for the bus"));

    /// <summary>Whether a message is a certain signal.</summary>
    public static bool IsSignal(nint message, string contract, string member) => IsSignalNative(message, contract, member) > 0;

    /// <summary>Reads the next argument of a message, a text; null if it is none.</summary>
    public static string? ReadText(nint message) =>
        ReadBasic(message, (byte)'s', out nint text) > 0 ? Marshal.PtrToStringUTF8(text) : null;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        _ = Unreference(handle);
        return true;
    }

    [LibraryImport(Library, EntryPoint = "sd_bus_open_system")]
    private static partial int OpenSystem(out SystemBus bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_new")]
    private static partial int New(out SystemBus bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_set_address", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetAddress(SystemBus bus, string address);

    [LibraryImport(Library, EntryPoint = "sd_bus_set_bus_client")]
    private static partial int SetClient(SystemBus bus, int isClient);

    [LibraryImport(Library, EntryPoint = "sd_bus_start")]
    private static partial int Start(SystemBus bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_add_match", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddMatch(SystemBus bus, nint slot, string match, nint callback, nint state);

    [LibraryImport(Library, EntryPoint = "sd_bus_process")]
    private static partial int Process(SystemBus bus, nint message);

    [LibraryImport(Library, EntryPoint = "sd_bus_get_fd")]
    private static partial int GetDescriptor(SystemBus bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_get_events")]
    private static partial int GetEvents(SystemBus bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_is_signal", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int IsSignalNative(nint message, string contract, string member);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_read_basic")]
    private static partial int ReadBasic(nint message, byte type, out nint value);

    [LibraryImport(Library, EntryPoint = "sd_bus_flush_close_unref")]
    private static partial nint Unreference(nint bus);
}
