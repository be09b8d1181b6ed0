using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>The findings about flows.</summary>
internal sealed class FlowFindings
{
    /// <summary>Flows in the table, of whatever kind.</summary>
    public long Seen { get; set; }

    /// <summary>Flows to frontends of Services.</summary>
    public long OfServices { get; set; }

    /// <summary>Flows to frontends of Services without a reply yet.</summary>
    public long Unreplied { get; set; }

    /// <summary>Stale flows by what is wrong with them; those of deleted Services are <see cref="FlowVerdict.ServiceGone"/>.</summary>
    public SortedDictionary<FlowVerdict, long> StaleByReason { get; } = [];

    /// <summary>Stale flows, the first of them.</summary>
    public List<StaleFlow> Stale { get; } = [];

    /// <summary>Service ports with flows, ordered by number of flows, the most first.</summary>
    public List<ServiceFlows> Services { get; } = [];

    public long Findings => StaleByReason.Values.Sum() + Services.Count(service => service.IsUneven);
}

/// <summary>The flows of a service port.</summary>
/// <param name="Name">The service port.</param>
/// <param name="Flows">How many.</param>
/// <param name="Unreplied">How many had no reply yet.</param>
/// <param name="Endpoints">How many go to each endpoint, ordered as the endpoints are.</param>
/// <param name="Probability">That chance alone makes a spread like this; null when that cannot be said.</param>
/// <param name="Verdict"><c>even</c>, <c>uneven</c>, or why the spread cannot be tested.</param>
internal sealed record ServiceFlows(ServicePortName Name, long Flows, long Unreplied, IReadOnlyList<EndpointFlows> Endpoints, double? Probability, string Verdict)
{
    /// <summary>The spread is as expected.</summary>
    public const string Even = "even";

    /// <summary>The spread is not as expected.</summary>
    public const string Uneven = "uneven";

    /// <summary>Whether the spread is a finding.</summary>
    public bool IsUneven => Verdict == Uneven;

    /// <summary><c>shop/web:http/tcp</c>.</summary>
    public string Title => $"{Name}/{Name.Protocol.ToUpperText().ToLowerInvariant()}";
}

/// <summary>The flows of an endpoint.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Flows">How many.</param>
/// <param name="Share">Its part of the flows of the service port, 0 to 1.</param>
/// <param name="Expected">The part that it should have of those that are spread by one policy; null when no packet should reach it.</param>
internal sealed record EndpointFlows(EndpointAddress Endpoint, long Flows, double Share, double? Expected);

/// <summary>A flow that the rules would not make.</summary>
/// <param name="Flow">The flow.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Service">The service port; empty when there is none any more.</param>
/// <param name="Age">How old it is; null when the kernel did not keep that.</param>
/// <param name="Wanted">What the rules do with such packets, for the report.</param>
internal sealed record StaleFlow(ConntrackEntry Flow, FlowVerdict Reason, string Service, TimeSpan? Age, string Wanted);
