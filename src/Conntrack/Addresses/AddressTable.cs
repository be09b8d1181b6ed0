using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>The addresses on all interfaces, built from messages of the kernel.</summary>
internal sealed class AddressTable
{
    /// <summary>More than any node has: bounds the memory when the kernel's messages are wrong.</summary>
    public const int Limit = 262_144;

    private readonly HashSet<AddressEntry> _entries = [];

    /// <summary>Adds or removes an address as a message reports; other messages are ignored.</summary>
    /// <exception cref="NetlinkException">It cannot be read, or there are too many addresses.</exception>
    public void Apply(NetlinkMessage message)
    {
        if (message.Type is not (AddressMessage.New or AddressMessage.Delete) || !AddressMessage.TryRead(message.Payload, out AddressEntry entry))
        {
            return;
        }

        if (message.Type == AddressMessage.Delete)
        {
            _entries.Remove(entry);
        }
        else if (_entries.Count < Limit)
        {
            _entries.Add(entry);
        }
        else
        {
            throw new NetlinkException(NetlinkFailure.Refused, $"the interfaces have more than {Limit} addresses, which is implausible; check \"ip address\"");
        }
    }

    /// <summary>Each address once, in the order of <see cref="IpAddress.CompareTo"/>.</summary>
    public IpAddress[] ToArray()
    {
        IpAddress[] all = new IpAddress[_entries.Count];
        int count = 0;
        foreach (AddressEntry entry in _entries)
        {
            all[count++] = entry.Address;
        }

        Array.Sort(all);
        count = 0;
        for (int index = 0; index < all.Length; index++)
        {
            if (count == 0 || all[count - 1] != all[index])
            {
                all[count++] = all[index];
            }
        }

        Array.Resize(ref all, count);
        return all;
    }
}
