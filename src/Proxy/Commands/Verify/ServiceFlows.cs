using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>The flows of a service port.</summary>
/// <param name="Name">The service port.</param>
/// <param name="Flows">How many.</param>
/// <param name="Unreplied">How many nobody answered yet.</param>
/// <param name="Endpoints">How many go to each endpoint, ordered as the endpoints are.</param>
/// <param name="Probability">That chance alone makes a spread like this; null when that cannot be said.</param>
/// <param name="Verdict">What is to be thought of the spread: <c>even</c>, <c>uneven</c>, or why it cannot be told.</param>
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
