namespace KubeProxySharp.Testing.Lab;

/// <summary>The addresses of a lab.</summary>
public sealed record LabPlan
{
    /// <summary>The node under test, with prefix lengths; the first of each family is its primary address, an IPv6 one because the others are deprecated.</summary>
    public required IReadOnlyList<string> Node { get; init; }

    /// <summary>The second node: one address of each family.</summary>
    public required IReadOnlyList<string> Second { get; init; }

    /// <summary>The router that everything outside is behind: one address of each family.</summary>
    public required IReadOnlyList<string> Router { get; init; }

    /// <summary>What the pods of the node have as their gateway: one address of each family.</summary>
    public required IReadOnlyList<string> PodGateways { get; init; }

    /// <summary>Clients outside the cluster.</summary>
    public required IReadOnlyList<string> Clients { get; init; }

    /// <summary>Prefixes that the world outside sends to the node under test.</summary>
    public required IReadOnlyList<string> Attracted { get; init; }

    /// <summary>Two nodes, both families, documentation addresses.</summary>
    public static LabPlan Standard { get; } = new()
    {
        Node = ["192.0.2.10/24", "192.0.2.110/24", "2001:db8:2::10/64", "2001:db8:2::110/64 preferred_lft 0"],
        Second = ["192.0.2.11/24", "2001:db8:2::11/64"],
        Router = ["192.0.2.1/24", "2001:db8:2::1/64"],
        PodGateways = ["10.244.1.1", "fd00:10:244:1::1"],
        Clients = ["203.0.113.2", "203.0.113.130", "2001:db8:113::2", "2001:db8:113:1::2"],
        Attracted = ["10.96.0.0/12", "198.51.100.0/23", "fd00:10:96::/112", "2001:db8:100::/47"],
    };
}
