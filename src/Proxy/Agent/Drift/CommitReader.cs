using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Puts the messages of a commit together: what it changed, then NFT_MSG_NEWGEN. The kernel sends them under one lock, so
/// that those of two commits do not mix.
/// </summary>
/// <param name="ours">Which objects matter.</param>
internal sealed class CommitReader(OwnObjects ours)
{
    private string? _first;
    private bool _hasAdded;
    private bool _hasRemoved;

    /// <summary>Reads a datagram; each commit that ends in it is handed over.</summary>
    /// <exception cref="NetlinkException">It cannot be read from some place on.</exception>
    public void Read(ReadOnlySpan<byte> datagram, Action<Commit> onCommit)
    {
        MessageReader messages = new(datagram);
        while (messages.TryRead(out NetlinkMessage received))
        {
            NftMessage message = new(received);
            if (message.IsGeneration)
            {
                Commit commit = new(message.ReadGeneration(), _first, _hasAdded && _hasRemoved);
                Forget();
                onCommit(commit);
            }
            else if (message.IsChange && (_first is null || !_hasAdded || !_hasRemoved) && ours.Contain(message))
            {
                _first ??= Describe(message);
                _hasAdded |= !message.IsRemoval;
                _hasRemoved |= message.IsRemoval;
            }
        }
    }

    /// <summary>Discards the messages of a commit that has not ended; some were lost.</summary>
    public void Forget()
    {
        _first = null;
        _hasAdded = false;
        _hasRemoved = false;
    }

    private static string Describe(NftMessage message)
    {
        string verb = message.IsRemoval ? "removed" : "added or changed";
        string name = Encoding.UTF8.GetString(message.Name);
        string table = Encoding.UTF8.GetString(message.Table);
        string family = message.Family == NetlinkHeader.FamilyIPv4 ? "ip" : "ip6";
        return message.Kind == "table" ? $"{verb} table {family} {table}" : $"{verb} {message.Kind} {name} in table {family} {table}";
    }
}
