namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>An element of <c>status.addresses</c> of a Node.</summary>
/// <param name="Type"><c>type</c>: InternalIP, ExternalIP, Hostname, InternalDNS, ExternalDNS.</param>
/// <param name="Address"><c>address</c>.</param>
public sealed record NodeAddress(string Type, string Address);
