namespace KubeProxySharp.RuleModel.Addresses;

/// <summary>An IP address family. Rules of the two families never mix: each has its own tables in the kernel.</summary>
public enum IpFamily : byte
{
    /// <summary>IPv4. In Kubernetes fields and in metric labels: <c>IPv4</c>.</summary>
    IPv4,

    /// <summary>IPv6. In Kubernetes fields and in metric labels: <c>IPv6</c>.</summary>
    IPv6,
}
