using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>
/// A <c>discovery.k8s.io/v1</c> EndpointSlice with the fields that decide about rules. Endpoints are value types: a node
/// holds hundreds of thousands of them.
/// </summary>
public sealed record EndpointSlice
{
    /// <summary>Namespace and name.</summary>
    public required NamespacedName Name { get; init; }

    /// <summary>The label <see cref="WellKnownLabels.ServiceName"/>; empty if missing, and then the slice is ignored.</summary>
    public string ServiceName { get; init; } = "";

    /// <summary>Whether the slice carries <see cref="WellKnownLabels.Headless"/>, which kube-proxy's watch leaves out.</summary>
    public bool IsHeadless { get; init; }

    /// <summary><c>addressType</c>.</summary>
    public AddressType AddressType { get; init; }

    /// <summary><c>ports</c>.</summary>
    public EquatableArray<SlicePort> Ports { get; init; }

    /// <summary><c>endpoints</c>, in the order of the list; those without a usable address are left out.</summary>
    public EquatableArray<SliceEndpoint> Endpoints { get; init; }

    /// <summary>The annotation <see cref="WellKnownLabels.LastChangeTriggerTime"/>, if present and readable.</summary>
    public DateTimeOffset? LastChangeTriggerTime { get; init; }

    /// <summary>What was left out because it cannot be used; the other endpoints and ports are kept.</summary>
    public EquatableArray<Problem> Problems { get; init; }

    /// <summary>The key of the Service that the slice belongs to.</summary>
    public NamespacedName Service => new(Name.Namespace, ServiceName);
}

/// <summary>An element of <c>endpoints</c> of an EndpointSlice.</summary>
/// <param name="Address">The first of <c>addresses</c>; kube-proxy uses no other.</param>
/// <param name="Conditions"><c>conditions</c> with the defaults of spec 3.3 applied.</param>
/// <param name="NodeName"><c>nodeName</c>, or null.</param>
/// <param name="ZoneHints">The names in <c>hints.forZones</c>.</param>
/// <param name="NodeHints">The names in <c>hints.forNodes</c>.</param>
public readonly record struct SliceEndpoint(
    IpAddress Address,
    EndpointConditions Conditions,
    string? NodeName,
    EquatableArray<string> ZoneHints,
    EquatableArray<string> NodeHints);

/// <summary>An element of <c>ports</c> of an EndpointSlice.</summary>
/// <param name="Name"><c>name</c>, matched against the port name of the Service; null makes the entry useless.</param>
/// <param name="Protocol"><c>protocol</c>.</param>
/// <param name="Port"><c>port</c>; 0 if missing, which makes the entry useless (spec 3.3).</param>
public readonly record struct SlicePort(string? Name, TransportProtocol Protocol, ushort Port);

/// <summary>The conditions of an endpoint.</summary>
[Flags]
public enum EndpointConditions : byte
{
    /// <summary>Neither ready, nor serving, nor terminating.</summary>
    None = 0,

    /// <summary>Takes new connections. Missing in the API means true.</summary>
    Ready = 1,

    /// <summary>Would be ready if it were not terminating. Missing in the API means true.</summary>
    Serving = 2,

    /// <summary>Being shut down. Missing in the API means false.</summary>
    Terminating = 4,
}

/// <summary><c>addressType</c> of an EndpointSlice.</summary>
public enum AddressType : byte
{
    /// <summary>Not a type that makes rules: FQDN, or one that this version does not know.</summary>
    Other,

    /// <summary>IPv4 addresses.</summary>
    IPv4,

    /// <summary>IPv6 addresses.</summary>
    IPv6,
}
