namespace KubeProxySharp.Testing.Lab;

/// <summary>An endpoint of a <see cref="LabService"/>.</summary>
/// <param name="Address4">Its IPv4 address.</param>
/// <param name="Address6">Its IPv6 address; null if it has none.</param>
/// <param name="Node">The node that it is on.</param>
public sealed record LabEndpoint(string Address4, string? Address6, string Node)
{
    /// <summary>Whether it is about to go.</summary>
    public bool IsTerminating { get; init; }

    /// <summary>Whether it still serves.</summary>
    public bool IsServing { get; init; } = true;

    /// <summary>The zone that it is hinted for.</summary>
    public string? ZoneHint { get; init; }

    /// <summary>The node that it is hinted for.</summary>
    public string? NodeHint { get; init; }

    /// <summary>The endpoint as an entry of a slice, in JSON.</summary>
    /// <param name="isIPv6">The family of the slice.</param>
    public string ToJson(bool isIPv6)
    {
        List<string> hints = [];
        if (ZoneHint is not null)
        {
            hints.Add($$"""
                "forZones": [{"name": "{{ZoneHint}}"}]
                """);
        }

        if (NodeHint is not null)
        {
            hints.Add($$"""
                "forNodes": [{"name": "{{NodeHint}}"}]
                """);
        }

        string hinted = hints.Count == 0 ? "" : $"\"hints\": {{{string.Join(", ", hints)}}}, ";
        string ready = Text(IsServing && !IsTerminating);
        return $$$"""
            {"addresses": ["{{{(isIPv6 ? Address6 : Address4)}}}"], "nodeName": "{{{Node}}}", {{{hinted}}}
            "conditions": {"ready": {{{ready}}}, "serving": {{{Text(IsServing)}}}, "terminating": {{{Text(IsTerminating)}}} }}
            """;
    }

    private static string Text(bool value) => value ? "true" : "false";
}
