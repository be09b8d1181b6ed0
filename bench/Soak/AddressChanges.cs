using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>The node gets another address, as from DHCP, and node ports must follow.</summary>
internal sealed partial class AddressChanges(SoakNetwork network, SoakOptions options, string lockFile, Action changed)
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private int _number;

    /// <summary>From the new address until a node port answers on it.</summary>
    public Delays Followed { get; } = new();

    /// <summary>Addresses on which it never did.</summary>
    public int Lost { get; private set; }

    private string Address => SoakNetwork.NodePortPrefix + "0." + (1 + (_number % 250));

    /// <summary>Gives the node its first address.</summary>
    public void Create() => network.Node.Ip($"addr add {Address}/32 dev clients");

    public Task RunAsync(CancellationToken cancellationToken) => Pace.EveryAsync(
        s_period,
        async () =>
        {
            string before = Address;
            _number++;
            changed();
            network.Node.Ip($"addr add {Address}/32 dev clients", $"addr del {before}/32 dev clients");
            long begin = Stopwatch.GetTimestamp();
            bool isAnswered = await IsAnsweredAsync(Address, s_limit, cancellationToken);
            Followed.Add(Stopwatch.GetElapsedTime(begin));
            Lost += isAnswered ? 0 : 1;
        },
        cancellationToken);

    /// <summary>Compares the addresses in the rules with those of the node, once all is over.</summary>
    /// <returns>Null when they are right.</returns>
    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        string[] expected = [.. new[] { Address, InterfaceChurn.LastAddress }.Order(StringComparer.Ordinal)];
        string[] actual = [];
        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < s_limit)
        {
            actual = [.. InRules().Matches(Rules()).Select(match => match.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            if (actual.SequenceEqual(expected))
            {
                return await IsAnsweredAsync(InterfaceChurn.LastAddress, s_limit, cancellationToken) ? null : $"the node port does not answer on {InterfaceChurn.LastAddress}";
            }

            await Pace.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        }

        return $"the node has {string.Join(' ', expected)}, the rules {string.Join(' ', actual)}";
    }

    private string Rules() => options.IsNftables
        ? network.Node.Namespace.Run("nft", "list set ip kube-proxy nodeport-ips")
        : network.Node.Namespace.Run("env", "XTABLES_LOCKFILE=" + lockFile, $"iptables-{options.Mode}-save", "-t", "nat");

    private async Task<bool> IsAnsweredAsync(string address, TimeSpan limit, CancellationToken cancellationToken)
    {
        IPEndPoint destination = new(LabAddress.Parse(address), SoakServices.NodePort);
        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < limit)
        {
            if ((await network.Client.DialAsync(ProtocolType.Tcp, destination, LabClient.DropTimeout)).Outcome == Outcome.Answered)
            {
                return true;
            }

            await Pace.WaitAsync(TimeSpan.FromMilliseconds(10), cancellationToken);
        }

        return false;
    }

    [GeneratedRegex(@"\b10\.201\.\d+\.\d+\b", RegexOptions.None, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex InRules();
}
