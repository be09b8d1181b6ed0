using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.Testing.Lab;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// An API server on the loopback of the node under test: changes reach the agent one by one and at once, where those of
/// manifests wait until the files rest.
/// </summary>
internal sealed class LabApi : IDisposable
{
    private readonly FakeApiServer _server;
    private readonly string _kubeconfig = Path.GetTempFileName();

    /// <summary>Starts a server with nothing but the node, and tells the agent of it.</summary>
    public LabApi(StandardLab lab)
    {
        _server = FakeApiServer.StartAsync(new FakeApiOptions
        {
            SecurePort = 6443,
            Bind = point => lab.Network.Node.Inside(() => SocketTransportOptions.CreateDefaultBoundListenSocket(point)),
        }).GetAwaiter().GetResult();
        File.WriteAllText(_kubeconfig, _server.Kubeconfig());
        lab.Agent.Kubeconfig = _kubeconfig;
        _server.Store.Put(StandardLab.NodeObject);
    }

    /// <summary>Adds a Service and its slices, or changes them.</summary>
    public void Put(LabService service)
    {
        foreach (string json in service.ToObjects())
        {
            _server.Store.Put(json);
        }
    }

    /// <summary>Deletes a Service and its slices.</summary>
    public void Delete(LabService service)
    {
        _server.Store.Delete(ResourceType.Services, "lab", service.Name);
        _server.Store.Delete(ResourceType.EndpointSlices, "lab", service.Name + "-ipv4");
        _server.Store.Delete(ResourceType.EndpointSlices, "lab", service.Name + "-ipv6");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        File.Delete(_kubeconfig);
    }
}
