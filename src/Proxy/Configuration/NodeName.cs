namespace KubeProxySharp.Proxy.Configuration;

/// <summary>The name of this node in the cluster (spec 11.9).</summary>
internal static class NodeName
{
    /// <summary>The override if there is one, else the host name; without blanks around it, in lower case.</summary>
    /// <exception cref="ConfigurationException">The name is blank.</exception>
    public static string Resolve(string hostnameOverride, string hostName)
    {
        string name = (hostnameOverride.Length != 0 ? hostnameOverride : hostName).Trim().ToLowerInvariant();
        return name.Length != 0 ? name : throw new ConfigurationException("empty hostname is invalid; give --hostname-override");
    }
}
