using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>Spoils parts of what it sends to the kernel, which then refuses these parts for a reason of its own.</summary>
/// <param name="kernel">The connection to the kernel, which is closed with this.</param>
internal sealed class SpoilingConnection(IBatchConnection kernel) : IBatchConnection
{
    private readonly List<(byte[] Before, byte[] Original, byte[] Spoilt)> _replacements = [];

    /// <summary>Number of batches sent.</summary>
    public int Sent { get; private set; }

    public int Port => kernel.Port;

    /// <summary>Has port 80/TCP of an address go to a chain that does not exist: ENOENT.</summary>
    public void SpoilChainOf(string clusterIP) => Spoil([.. Address(clusterIP), 6, 0, 0, 0, 0, 80, 0, 0], "cluster-"u8, "Cluster-"u8);

    /// <summary>Gives the endpoints of an address another kind of value than the map has: EINVAL.</summary>
    public void SpoilEndpointsOf(string clusterIP) => Spoil([.. Address(clusterIP), 0, 80, 0, 0], [12, 0, 1, 0], [12, 0, 2, 0]);

    /// <summary>Replaces text wherever it is.</summary>
    public void Spoil(string original, string spoilt) => Spoil([], Encoding.UTF8.GetBytes(original), Encoding.UTF8.GetBytes(spoilt));

    /// <summary>Gives an expression a name that no kernel has.</summary>
    public void SpoilName(string expression)
    {
        byte[] name = [(byte)(4 + expression.Length + 1), 0, 1, 0, .. Encoding.UTF8.GetBytes(expression), 0];
        byte[] spoilt = [.. name];
        spoilt[4] = (byte)'!';
        Spoil([], name, spoilt);
    }

    public void Heal() => _replacements.Clear();

    public BatchResult Send(ReadOnlySpan<byte> batch)
    {
        Sent++;
        byte[] spoilt = batch.ToArray();
        foreach ((byte[] before, byte[] original, byte[] replacement) in _replacements)
        {
            Replace(spoilt, before, original, replacement);
        }

        return kernel.Send(spoilt);
    }

    public void Dispose() => kernel.Dispose();

    private static byte[] Address(string address)
    {
        byte[] bytes = new byte[4];
        IpAddress.Parse(address).WriteBytes(bytes);
        return bytes;
    }

    private static void Replace(Span<byte> batch, byte[] before, byte[] original, byte[] replacement)
    {
        // What is meant follows the key soon: the slot, headers, a verdict's code.
        const int MostBetween = 32;
        while (batch.IndexOf(before) is var start and >= 0)
        {
            batch = batch[(start + before.Length)..];
            Span<byte> near = before.Length == 0 ? batch : batch[..Math.Min(batch.Length, MostBetween + original.Length)];
            if (near.IndexOf(original) is var position and >= 0)
            {
                replacement.CopyTo(near[position..]);
                batch = batch[position..];
            }
            else if (before.Length == 0)
            {
                return;
            }
        }
    }

    private void Spoil(ReadOnlySpan<byte> before, ReadOnlySpan<byte> original, ReadOnlySpan<byte> spoilt) =>
        _replacements.Add((before.ToArray(), original.ToArray(), spoilt.ToArray()));
}
