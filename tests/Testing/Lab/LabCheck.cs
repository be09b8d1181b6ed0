using System.Net;
using System.Net.Sockets;

namespace KubeProxySharp.Testing.Lab;

/// <summary>Dials as a table says and compares.</summary>
/// <param name="lab">The lab.</param>
public sealed class LabCheck(StandardLab lab)
{
    // Two endpoints that answer by chance alone: the odds to miss one in so many attempts are below 1 in a million.
    private const int AttemptsOfEach = 12;

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
        IPEndPoint destination = row.Destination(service, isIPv6);
        ProtocolType protocol = service.Protocol == "TCP" ? ProtocolType.Tcp : ProtocolType.Udp;
        int attempts = row.Endpoints.Count switch { 0 => 1, 1 => 3, _ => row.Endpoints.Count * AttemptsOfEach };
        TimeSpan patience = row.Source == "dropped" ? LabClient.Glance : LabClient.Patience;
        SortedSet<string> wanted = new(StringComparer.Ordinal);
        if (row.Endpoints.Count == 0)
        {
            wanted.Add(row.Source);
        }

        foreach (string endpoint in row.Endpoints)
        {
            wanted.Add($"{endpoint} saw {Source(row, endpoint, client, isIPv6)}");
        }

        SortedSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < attempts && wanted.IsSupersetOf(seen); i++)
        {
            seen.Add((await client.DialAsync(protocol, destination, patience)).ToString());
        }

        return seen.SetEquals(wanted)
            ? null
            : $"{row.From} -> {row.To} ({destination}): {string.Join(", ", seen)}; not {string.Join(", ", wanted)}";
    }

    private static IPAddress Source(LabRow row, string endpoint, LabClient client, bool isIPv6)
    {
        // Masquerading takes the address of the interface that the packet leaves by.
        bool isLocalPod = endpoint[0] == 'a';
        string ofNode = isIPv6 ? "2001:db8:2::10" : "192.0.2.10";
        string masqueraded = isLocalPod ? (isIPv6 ? "fd00:10:244:1::1" : "10.244.1.1") : ofNode;
        return row.Source == "own" ? client.Address ?? LabAddress.Parse(ofNode) : LabAddress.Parse(masqueraded);
    }
}
