using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Routes;

/// <summary>
/// Random interfaces, routes and policy rules: the route that is found in what <c>ip -j</c> lists is the one that
/// <c>ip route get</c> has from the kernel.
/// </summary>
[Trait("Category", "Netns")]
public sealed class RouteLookupTests
{
    private const int Links = 4;

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheKernelPicksTheSameRoute(bool isIPv6) => NetworkNamespace.RunOrSkip(
        () =>
        {
            // Packets that come in by an interface have a route only where the node forwards; rp_filter would look up another one.
            foreach (string setting in new[] { "ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1", "ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0" })
            {
                File.WriteAllText("/proc/sys/net/" + setting.Split('=')[0], setting.Split('=')[1]);
            }

            List<string> differences = [];
            int undecided = 0;
            HashSet<string> seen = [];
            int packets = Nightly.Size(80, 1000);
            int seeds = Nightly.Size(3, 10);
            for (int seed = 1; seed <= seeds; seed++)
            {
                Random random = new(seed);
                string family = isIPv6 ? "-6" : "-4";
                Ip(family, Setup(random, isIPv6));
                string listing = string.Concat(ChildProcess.Run("ip", "", family, "-j", "route", "show", "table", "all"), ChildProcess.Run("ip", "", "-j", "-d", "addr"), ChildProcess.Run("ip", "", family, "-j", "rule"));
                NodeNetwork network = new IpListing($"of seed {seed}").Read(Encoding.UTF8.GetBytes(listing));
                for (int packet = 0; packet < packets; packet++)
                {
                    RouteQuery query = RandomQuery(random, isIPv6);
                    if (query.Source is { } source && network.Find(new(source, null, null)).Kind == RouteDecisionKind.Local)
                    {
                        continue;
                    }

                    RouteDecision found = network.Find(query);
                    if (found.Kind == RouteDecisionKind.Open)
                    {
                        undecided++;
                        query.Source.Should().BeNull("a source that is known decides: {0}", found.Open);
                        continue;
                    }

                    string mine = Describe(found, SourceChoice.OfNode(network, found, query.Destination), query);
                    string kernels = Ask(query);
                    seen.Add(kernels.Split(" via ")[0]);
                    if (mine != kernels)
                    {
                        differences.Add($"seed {seed}: {string.Join(' ', Arguments(query))}: kernel {kernels}, found {mine} ({found.Route})");
                    }
                }
            }

            differences.Should().BeEmpty();
            seen.Should().Contain(["local", "not sent", "by d0", "by d1", "by d2", "by d3"], "each kind of end must have been tried");
            undecided.Should().BeLessThan(packets * seeds / 4, "most lookups must be decided");
        },
        "ip");

    /// <summary>Commands of ip; some fail, as where two random routes are the same.</summary>
    private static IEnumerable<string> Setup(Random random, bool isIPv6)
    {
        for (int link = 0; link < Links; link++)
        {
            yield return $"link del d{link}";
            yield return $"link add d{link} type veth peer name p{link}";
            yield return isIPv6 ? $"addr add fd00:{link}::1/64 dev d{link} nodad" : $"addr add 10.{link}.0.1/16 dev d{link}";
            yield return $"link set d{link} up";
            yield return $"link set p{link} up";
        }

        yield return "link set lo up";
        yield return "route flush table 100";
        yield return "route flush table 200";
        yield return "rule flush";
        yield return "rule add priority 0 table local";
        yield return "rule add priority 32766 table main";
        if (!isIPv6)
        {
            yield return "rule add priority 32767 table default";
        }

        for (int route = 0; route < 40; route++)
        {
            string table = Pick(random, "main", "main", "100", "200");
            string kind = Pick(random, "", "", "", "", "", "", "blackhole ", "unreachable ", "prohibit ", "throw ");
            int link = random.Next(Links);
            string hop = kind.Length != 0 ? "" : random.Next(2) == 0 ? $" dev d{link}" : $" via {RandomAddress(random, isIPv6, link)} dev d{link}";
            string destination = random.Next(12) == 0 ? "default" : RandomPrefix(random, isIPv6, isIPv6 ? [16, 32, 64, 112, 128] : [8, 12, 16, 20, 24, 32]);
            yield return $"route add {kind}{destination}{hop} metric {random.Next(1, 4)} table {table}";
        }

        for (int rule = 0; rule < 8; rule++)
        {
            string not = random.Next(5) == 0 ? "not " : "";
            string from = random.Next(2) == 0 ? $"from {RandomPrefix(random, isIPv6, isIPv6 ? [32, 64] : [8, 16])} " : "";
            string to = random.Next(3) == 0 ? $"to {RandomPrefix(random, isIPv6, isIPv6 ? [32, 64] : [8, 16])} " : "";
            string mark = random.Next(3) == 0 ? $"fwmark 0x{random.Next(4):x}/0x3 " : "";
            string input = random.Next(4) == 0 ? $"iif {Pick(random, "lo", "d0", "d1")} " : "";
            string ports = random.Next(4) == 0 ? "ipproto tcp dport 80-443 " : "";
            string action = Pick(random, "table 100", "table 200", "table 200", "table main suppress_prefixlength 0", "table 100 suppress_prefixlength 12", "unreachable", "goto 32766");
            yield return $"rule add priority {100 + (rule * 10)} {not}{from}{to}{mark}{input}{ports}{action}";
        }
    }

    private static RouteQuery RandomQuery(Random random, bool isIPv6)
    {
        bool isForwarded = random.Next(3) != 0;
        return new(IpAddress.Parse(RandomAddress(random, isIPv6, random.Next(8), first: 1)), isForwarded ? IpAddress.Parse(RandomAddress(random, isIPv6, random.Next(8))) : null, isForwarded ? $"d{random.Next(Links)}" : null)
        {
            Mark = (uint)random.Next(4),
            KnownMark = uint.MaxValue,
            Protocol = TransportProtocol.Tcp,
            SourcePort = 40000,
            DestinationPort = (ushort)(random.Next(2) == 0 ? 80 : 8080),
        };
    }

    private static IEnumerable<string> Arguments(RouteQuery query) =>
    [
        query.Destination.IsIPv4 ? "-4" : "-6", "-j", "route", "get", query.Destination.ToString(),
        .. query.Source is { } source ? (string[])["from", source.ToString(), "iif", query.InputInterface!] : [],
        "mark", query.Mark.ToString(CultureInfo.InvariantCulture), "ipproto", "tcp", "sport", "40000", "dport", query.DestinationPort!.Value.ToString(CultureInfo.InvariantCulture),
    ];

    private static string Ask(RouteQuery query)
    {
        ChildProcess.Result result = ChildProcess.Try("ip", "", [.. Arguments(query)]);
        if (result.ExitCode != 0)
        {
            return "not sent";
        }

        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement route = document.RootElement[0];
        string type = Text(route, "type");
        return type is "local" or "broadcast" or "anycast" ? "local"
            : type is not ("" or "unicast") ? "not sent"
            : $"by {Text(route, "dev")} via {Text(route, "gateway")}{(query.Source is null && query.Destination.IsIPv4 ? $" from {Text(route, "prefsrc")}" : "")}";
    }

    private static string Describe(RouteDecision decision, SourceChoice source, RouteQuery query) => decision.Kind switch
    {
        RouteDecisionKind.Sent => $"by {decision.Interface} via {decision.Gateway}{(query.Source is null && query.Destination.IsIPv4 ? $" from {source.Address}" : "")}",
        RouteDecisionKind.Local => "local",
        _ => "not sent",
    };

    private static string Text(JsonElement entry, string field) => entry.TryGetProperty(field, out JsonElement value) ? value.GetString() ?? "" : "";

    /// <summary>The addresses of the node itself end in 1.</summary>
    private static string RandomAddress(Random random, bool isIPv6, int network, int first = 2) =>
        isIPv6 ? $"fd00:{network}::{random.Next(2)}:{random.Next(first, 6)}" : $"10.{network}.{random.Next(2)}.{random.Next(first, 6)}";

    private static string RandomPrefix(Random random, bool isIPv6, int[] lengths)
    {
        int length = lengths[random.Next(lengths.Length)];
        return IpPrefix.Create(IpAddress.Parse(RandomAddress(random, isIPv6, random.Next(8))), length).ToString();
    }

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];

    private static void Ip(string family, IEnumerable<string> commands) => ChildProcess.Try("ip", string.Join('\n', commands) + "\n", family, "-force", "-batch", "-");
}
