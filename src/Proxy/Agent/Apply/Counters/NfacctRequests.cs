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
    public static int Create(NetlinkConnection kernel, string name)
    {
        try
        {
            Ask(kernel, NewCounter, NetlinkHeader.Acknowledge | NetlinkHeader.Exclusive | NetlinkHeader.Create, name);
            return kernel.Finish();
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
            Ask(kernel, GetCounter, 0, name);
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

    private static void Ask(NetlinkConnection kernel, ushort type, ushort flags, string name)
    {
        if (Encoding.UTF8.GetByteCount(name) + 1 > MostNameBytes)
        {
            throw new ArgumentException($"the name of an nfacct counter has at most {MostNameBytes - 1} characters", nameof(name));
        }

        MessageWriter request = kernel.Begin(type, flags);
        request.AddText(NameAttribute, name);
        kernel.Send(request);
    }
}
