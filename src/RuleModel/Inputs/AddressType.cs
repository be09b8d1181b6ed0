namespace KubeProxySharp.RuleModel.Inputs;

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
