using System.Text;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Proxy.Agent.Apply.Counters;

/// <summary>Requests to the kernel's nfacct subsystem over netlink (linux/netfilter/nfnetlink_acct.h, spec 5.2).</summary>
internal static class NfacctRequests
{
    /// <summary>NFACCT_NAME_MAX of linux/netfilter/nfnetlink_acct.h, the terminating zero included.</summary>
    public const int MostNameBytes = 32;

    private const ushort NewCounter = (7 << 8) | 0; // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_NEW: a request, and the kind of a reading
    private const ushort GetCounter = (7 << 8) | 1; // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_GET
    private const ushort DeleteCounter = (7 << 8) | 3; // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_DEL
    private const ushort NameAttribute = 1; // NFACCT_NAME
    private const ushort PacketsAttribute = 2; // NFACCT_PKTS, big-endian
    private const int BufferLength = 1024;

    /// <summary>Creates a counter in the network namespace of this thread.</summary>
    /// <returns>0, or the errno: <see cref="Errno.Exists"/> if there is one of that name.</returns>
    public static int Create(string name)
    {
        using NetlinkConnection kernel = new(NetlinkSocket.Open(), BufferLength);
        return Create(kernel, name);
    }

    /// <summary>Creates a counter; see <see cref="Create(string)"/>.</summary>
    public static int Create(NetlinkConnection kernel, string name) => Create(kernel, Encoding.UTF8.GetBytes(name));

    /// <summary>Creates a counter; see <see cref="Create(string)"/>.</summary>
    public static int Create(NetlinkConnection kernel, ReadOnlySpan<byte> name) =>
        Command(kernel, NewCounter, NetlinkHeader.Acknowledge | NetlinkHeader.Exclusive | NetlinkHeader.Create, name);

    /// <summary>Deletes a counter.</summary>
    /// <returns>0, or the errno: EBUSY if a rule refers to it, <see cref="Errno.NoEntry"/> if there is none of that name.</returns>
    public static int Delete(NetlinkConnection kernel, ReadOnlySpan<byte> name) => Command(kernel, DeleteCounter, NetlinkHeader.Acknowledge, name);

    /// <summary>Reads all counters of the network namespace.</summary>
    /// <param name="kernel">The connection; its buffer has to hold <see cref="NetlinkConnection.LongestDatagram"/>.</param>
    /// <param name="take">Called with the name and the packets of each.</param>
    /// <returns>0, or the errno: <see cref="Errno.Interrupted"/> if some may be missing.</returns>
    public static int List(NetlinkConnection kernel, NfacctReading take)
    {
        try
        {
            kernel.Send(kernel.Begin(GetCounter, NetlinkHeader.Dump));
            while (kernel.TryRead(out NetlinkMessage answer))
            {
                ReadOnlySpan<byte> name = default;
                ulong packets = 0;
                AttributeReader attributes = answer.Attributes;
                while (attributes.Read())
                {
                    if (attributes.Type == NameAttribute)
                    {
                        name = attributes.Value.TrimEnd((byte)0);
                    }
                    else if (attributes.Type == PacketsAttribute)
                    {
                        packets = attributes.ToUInt64();
                    }
                }

                take(name, packets);
            }

            return kernel.Error == 0 && kernel.IsIncomplete ? Errno.Interrupted : kernel.Error;
        }
        catch (NetlinkException)
        {
            return Errno.Protocol;
        }
    }

    /// <summary>Reads the packets of a counter in the network namespace of this thread.</summary>
    /// <returns>The packets; null if there is no such counter, or it may not be read.</returns>
    public static ulong? Read(string name)
    {
        using NetlinkConnection kernel = new(NetlinkSocket.Open(), BufferLength);
        return Read(kernel, name);
    }

    /// <summary>Reads the packets of a counter; see <see cref="Read(string)"/>.</summary>
    public static ulong? Read(NetlinkConnection kernel, string name)
    {
        try
        {
            Ask(kernel, GetCounter, 0, Encoding.UTF8.GetBytes(name));
            if (!kernel.TryRead(out NetlinkMessage answer) || answer.Type != NewCounter)
            {
                return null;
            }

            AttributeReader attributes = answer.Attributes;
            return attributes.TryFind(PacketsAttribute) ? attributes.ToUInt64() : null;
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    private static int Command(NetlinkConnection kernel, ushort type, ushort flags, ReadOnlySpan<byte> name)
    {
        try
        {
            Ask(kernel, type, flags, name);
            return kernel.Finish();
        }
        catch (NetlinkException)
        {
            return Errno.Protocol;
        }
    }

    private static void Ask(NetlinkConnection kernel, ushort type, ushort flags, ReadOnlySpan<byte> name)
    {
        if (name.Length + 1 > MostNameBytes)
        {
            throw new ArgumentException($"the name of an nfacct counter has at most {MostNameBytes - 1} characters", nameof(name));
        }

        MessageWriter request = kernel.Begin(type, flags);
        request.AddText(NameAttribute, name);
        kernel.Send(request);
    }
}

/// <summary>Receives a counter.</summary>
/// <param name="name">Its name, valid during the call.</param>
/// <param name="packets">The packets that it has seen.</param>
internal delegate void NfacctReading(ReadOnlySpan<byte> name, ulong packets);
