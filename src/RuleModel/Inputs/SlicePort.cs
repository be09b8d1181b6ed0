namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>An element of <c>ports</c> of an EndpointSlice.</summary>
/// <param name="Name"><c>name</c>, matched against the port name of the Service; null makes the entry useless.</param>
/// <param name="Protocol"><c>protocol</c>.</param>
/// <param name="Port"><c>port</c>; 0 if missing, which makes the entry useless (spec 3.3).</param>
public readonly record struct SlicePort(string? Name, TransportProtocol Protocol, ushort Port);
