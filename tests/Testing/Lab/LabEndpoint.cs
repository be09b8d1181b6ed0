using System.Text;

namespace KubeProxySharp.Testing.Lab;

/// <summary>An endpoint of a <see cref="LabService"/>.</summary>
/// <param name="Address4">Its IPv4 address.</param>
/// <param name="Address6">Its IPv6 address; null if it has none.</param>
/// <param name="Node">The node that it is on.</param>
public sealed record LabEndpoint(string Address4, string? Address6, string Node)
{
    /// <summary>Whether it is about to go but still serves.</summary>
    public bool IsTerminating { get; init; }

    /// <summary>The zone that it is hinted for.</summary>
    public string? ZoneHint { get; init; }

    /// <summary>The node that it is hinted for.</summary>
    public string? NodeHint { get; init; }

    /// <summary>The endpoint as an entry of a slice.</summary>
    /// <param name="isIPv6">The family of the slice.</param>
    public string ToYaml(bool isIPv6)
    {
        StringBuilder text = new($"- {{addresses: [\"{(isIPv6 ? Address6 : Address4)}\"], nodeName: {Node}, ");
        text.Append(IsTerminating ? "conditions: {ready: false, serving: true, terminating: true}" : "conditions: {ready: true}");
        List<string> hints = [];
        if (ZoneHint is not null)
        {
            hints.Add($"forZones: [{{name: {ZoneHint}}}]");
        }

        if (NodeHint is not null)
        {
            hints.Add($"forNodes: [{{name: {NodeHint}}}]");
        }

        if (hints.Count != 0)
        {
            text.Append(", hints: {").AppendJoin(", ", hints).Append('}');
        }

        return text.Append("}\n").ToString();
    }
}
