using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Random changes that go on for ever: the cluster is as large in the end as in the beginning.</summary>
/// <param name="seed">The same seed makes the same changes.</param>
/// <param name="size">About how many Services there are.</param>
internal sealed class SteadyCluster(int seed, int size)
{
    private readonly Random _random = new(seed);
    private readonly RandomCluster _objects = new(seed);
    private readonly Dictionary<NamespacedName, Service> _services = [];
    private readonly Dictionary<NamespacedName, EndpointSlice> _slices = [];
    private int _names;
    private int _littlePort;

    public IReadOnlyCollection<Service> Services => _services.Values;

    public IReadOnlyCollection<EndpointSlice> Slices => _slices.Values;

    /// <summary>Makes one change and reports it.</summary>
    public void Change(ClusterFeed feed)
    {
        int what = _random.Next(100);
        if (_services.Count == 0 || (what < 10 && _services.Count < size))
        {
            Put(_objects.NewService(new("shop", FormattableString.Invariant($"s-{_names++}"))), feed);
        }
        else if (what < 10)
        {
            NamespacedName gone = Pick(_services.Keys);
            Remove(gone, feed);
            foreach (EndpointSlice slice in _slices.Values.Where(slice => slice.Service == gone).ToArray())
            {
                _slices.Remove(slice.Name);
                feed.EndpointSlices.Remove(slice.Name);
            }
        }
        else if (what < 20)
        {
            Put(_objects.NewService(Pick(_services.Keys)), feed);
        }
        else if (what < 25 && _slices.Count != 0)
        {
            NamespacedName slice = Pick(_slices.Keys);
            _slices.Remove(slice);
            feed.EndpointSlices.Remove(slice);
        }
        else
        {
            EndpointSlice slice = _objects.NewSlice(_services[Pick(_services.Keys)]);
            _slices[slice.Name] = slice;
            feed.EndpointSlices.Put(slice);
        }
    }

    /// <summary>Changes a Service of both families that has no endpoints and takes no part: it leaves no chain behind.</summary>
    public void ChangeLittle(ClusterFeed feed) => feed.Services.Put(Samples.Service with
    {
        Name = new("shop", "little"),
        ClusterIP = "10.97.0.1",
        ClusterIPs = ["10.97.0.1", "fd00:97::1"],
        IpFamilies = ["IPv4", "IPv6"],
        Ports = [new ServicePort { Port = ++_littlePort }],
    });

    /// <summary>Goes back to an earlier state.</summary>
    public void Restore(IReadOnlyCollection<Service> services, IReadOnlyCollection<EndpointSlice> slices, ClusterFeed feed)
    {
        foreach (NamespacedName name in _services.Keys.ToArray())
        {
            Remove(name, feed);
        }

        foreach (NamespacedName name in _slices.Keys.ToArray())
        {
            _slices.Remove(name);
            feed.EndpointSlices.Remove(name);
        }

        foreach (Service service in services)
        {
            Put(service, feed);
        }

        foreach (EndpointSlice slice in slices)
        {
            _slices[slice.Name] = slice;
            feed.EndpointSlices.Put(slice);
        }
    }

    private void Put(Service service, ClusterFeed feed)
    {
        _services[service.Name] = service;
        feed.Services.Put(service);
    }

    private void Remove(NamespacedName name, ClusterFeed feed)
    {
        _services.Remove(name);
        feed.Services.Remove(name);
    }

    private NamespacedName Pick(IReadOnlyCollection<NamespacedName> names) => names.ElementAt(_random.Next(names.Count));
}
