using System.Net;
using System.Net.Sockets;

namespace KubeProxySharp.Testing.Lab;

/// <summary>Makes the connections of a table and compares the results with it.</summary>
/// <param name="lab">The lab.</param>
public sealed class LabCheck(StandardLab lab)
{
    // Endpoints answer by chance: the odds to miss one in so many attempts of each are one in ten million.
    private const int Most = 16;

    // When all were seen, so many attempts show one that must not answer, if it has its share, in 99 of 100 runs.
    private const int Enough = 6;

    /// <summary>Finds what differs from a table; empty if nothing does.</summary>
    public IReadOnlyList<string> Differences(LabService service, IEnumerable<LabRow> rows, bool isIPv6)
    {
        LabRow[] all = [.. rows];
        if (all.Length == 0)
        {
            throw new InvalidOperationException("the table has no line for " + service.Name);
        }

        string?[] found = Task.WhenAll(all.Select(row => DifferenceAsync(service, row, isIPv6))).GetAwaiter().GetResult();
        return [.. found.OfType<string>()];
    }

    private async Task<string?> DifferenceAsync(LabService service, LabRow row, bool isIPv6)
    {
        LabClient client = lab.Client(row.From, isIPv6);
        IPEndPoint destination = LabRow.Destination(row.To, service, isIPv6);
        ProtocolType protocol = service.Protocol == "TCP" ? ProtocolType.Tcp : ProtocolType.Udp;
        TimeSpan patience = row.Failure == "dropped" ? LabClient.DropTimeout : LabClient.AnswerTimeout;
        SortedSet<string> wanted = new(StringComparer.Ordinal);
        if (row.Failure is not null)
        {
            wanted.Add(row.Failure);
        }

        foreach ((string endpoint, string source) in row.Endpoints)
        {
            wanted.Add($"{endpoint} saw {Source(endpoint, source, client, isIPv6)}");
        }

        SortedSet<string> seen = new(StringComparer.Ordinal);
        int enough = row.Failure is null ? wanted.Count * Enough : 1;
        for (int i = 0; wanted.IsSupersetOf(seen) && i < (seen.Count < wanted.Count ? wanted.Count * Most : enough); i++)
        {
            seen.Add((await client.DialAsync(protocol, destination, patience)).ToString());
        }

        return seen.SetEquals(wanted)
            ? null
            : $"{row.From} -> {row.To} ({destination}): {string.Join(", ", seen)}; not {string.Join(", ", wanted)}";
    }

    private static IPAddress Source(string endpoint, string source, LabClient client, bool isIPv6)
    {
        // Masquerading takes the address of the interface that the packet leaves by.
        bool isLocalPod = endpoint[0] == 'a';
        string ofNode = isIPv6 ? "2001:db8:2::10" : "192.0.2.10";
        string masqueraded = isLocalPod ? (isIPv6 ? "fd00:10:244:1::1" : "10.244.1.1") : ofNode;
        return source == "own" ? client.Address ?? LabAddress.Parse(ofNode) : LabAddress.Parse(masqueraded);
    }
}
