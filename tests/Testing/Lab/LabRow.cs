using System.Net;

namespace KubeProxySharp.Testing.Lab;

/// <summary>One line of a table of behaviour: client, destination and expected result.</summary>
/// <param name="From">Place of the client.</param>
/// <param name="To">Kind of destination.</param>
/// <param name="Endpoints">The endpoints that must answer, and no others, with the source that each must see: <c>own</c> or <c>masq</c>.</param>
/// <param name="Failure">Where none may answer: <c>refused</c> or <c>dropped</c>; otherwise null.</param>
public sealed record LabRow(string From, string To, IReadOnlyList<(string Name, string Source)> Endpoints, string? Failure)
{
    /// <summary>
    /// Reads a table: a line is <c>from from -> to to: endpoint endpoint source</c> and stands for each pair. An endpoint with
    /// a source of its own is <c>endpoint/source</c>. A line that begins with <c>iptables</c>, <c>nftables</c>, <c>v4</c> or
    /// <c>v6</c> and a bar counts only there.
    /// </summary>
    public static IEnumerable<LabRow> Read(string table, string mode, bool isIPv6)
    {
        foreach (string line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = line.Split('|', StringSplitOptions.TrimEntries);
            if (parts[..^1].Any(condition => condition != mode && condition != (isIPv6 ? "v6" : "v4")))
            {
                continue;
            }

            string[] sides = parts[^1].Split("->", StringSplitOptions.TrimEntries);
            string[] kindsAndAnswer = sides[1].Split(':', StringSplitOptions.TrimEntries);
            (IReadOnlyList<(string, string)> endpoints, string? failure) = ReadAnswer(kindsAndAnswer[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
            foreach (string from in sides[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                foreach (string to in kindsAndAnswer[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    yield return new(from, to, endpoints, failure);
                }
            }
        }
    }

    /// <summary>The address and port that a kind of destination is for a Service.</summary>
    public static IPEndPoint Destination(string to, LabService service, bool isIPv6) => to switch
    {
        "cluster" => new(service.ClusterIp(isIPv6), LabService.Port),
        "unused" => new(service.ClusterIp(isIPv6), LabService.Port + 1),
        "lb" => new(service.LoadBalancerIp(isIPv6), LabService.Port),
        "unusedlb" => new(service.LoadBalancerIp(isIPv6), LabService.Port + 1),
        "unusedexternal" => new(service.ExternalIp(isIPv6), LabService.Port + 1),
        "external" => new(service.ExternalIp(isIPv6), LabService.Port),
        "nodeport" => new(LabAddress.Parse(isIPv6 ? "2001:db8:2::10" : "192.0.2.10"), service.NodePort),
        "nodeport2" => new(LabAddress.Parse(isIPv6 ? "2001:db8:2::110" : "192.0.2.110"), service.NodePort),
        "localhost" => new(isIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, service.NodePort),
        _ => throw new InvalidOperationException("no such destination: " + to),
    };

    private static (IReadOnlyList<(string Name, string Source)> Endpoints, string? Failure) ReadAnswer(string[] words)
    {
        string last = words[^1];
        return last switch
        {
            "refused" or "dropped" => ([], last),
            "own" or "masq" => ([.. words[..^1].Select(word => (word, last))], null),
            _ => ([.. words.Select(word => (word.Split('/')[0], word.Split('/')[1]))], null),
        };
    }
}
