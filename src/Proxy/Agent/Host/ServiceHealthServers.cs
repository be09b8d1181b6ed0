using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>The servers of the health-check node ports, one for each family.</summary>
/// <param name="families">The families.</param>
/// <param name="make">Makes the server of a family.</param>
internal sealed class ServiceHealthServers(IReadOnlyList<IpFamily> families, Func<IpFamily, ServiceHealthServer> make) : IAsyncDisposable
{
    /// <summary>The servers.</summary>
    public IReadOnlyDictionary<IpFamily, ServiceHealthServer> ByFamily { get; } = families.ToDictionary(static family => family, make);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ServiceHealthServer server in ByFamily.Values)
        {
            await server.DisposeAsync();
        }
    }
}
