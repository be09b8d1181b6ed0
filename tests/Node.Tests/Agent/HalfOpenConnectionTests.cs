using System.Globalization;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>A connection whose packets vanish, as behind a firewall that has forgotten it: nothing tells either end.</summary>
[Trait("Category", "Netns")]
public sealed class HalfOpenConnectionTests
{
    private const string Established = "01"; // TCP_ESTABLISHED of linux/tcp_states.h
    private const string ServerPort = "192B"; // 6443

    /// <summary>HTTP/2 pings find it out within 45 s (wire notes 3.8); a new connection is made, which works.</summary>
    [SkippableFact]
    public Task ItIsNoticedAndReplaced() => FaultyServer.HappensAsync(
        lab =>
        {
            string ports = string.Join(", ", PortsOf(lab.Agent.Id));
            ports.Should().NotBeEmpty();
            string drop = "table inet cut { chain in { type filter hook input priority -400; tcp sport { PORTS } drop; tcp dport { PORTS } drop; }; }";
            lab.Network.Inside(() => ChildProcess.Run("nft", drop.Replace("PORTS", ports, StringComparison.Ordinal), "-f", "-"));
            FaultyServer.Change(lab);
            return Task.CompletedTask;
        },
        patience: TimeSpan.FromMinutes(3));

    /// <summary>The local ports of a process's connections to the server; sockets for both families are with those of IPv6.</summary>
    private static IEnumerable<int> PortsOf(int process) =>
        from table in (string[])["tcp", "tcp6"]
        from line in File.ReadLines($"/proc/{process}/net/{table}").Skip(1)
        let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where fields[2].EndsWith(':' + ServerPort, StringComparison.Ordinal) && fields[3] == Established
        select int.Parse(fields[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
