using System.Net;
using System.Net.Sockets;

namespace KubeProxySharp.Testing.Lab;

/// <summary>
/// The node under test with pods behind it, a second node, and the world outside. Pods of the node are namespaces that are
/// routed one by one, as a CNI of point-to-point links does; pods of the second node are addresses of it. The outside
/// forwards nothing: what a node sends there by mistake is lost.
/// </summary>
public sealed class LabNetwork : IDisposable
{
    private readonly LabPlan _plan;
    private readonly List<LabHost> _hosts = [];
    private readonly Dictionary<string, LabHost> _pods = [];

    /// <summary>Builds nodes and outside; pods are added later.</summary>
    public LabNetwork(LabPlan plan)
    {
        _plan = plan;
        try
        {
            Outside = Add("outside", isRouter: false);
            Node = Add("node", isRouter: true);
            Second = Add("second", isRouter: true);
            Outside.Ip("link add br0 type bridge", "link set br0 up");
            Join(Node, "node", plan.Node);
            Join(Second, "second", plan.Second);
            Outside.Ip([.. AddTo("br0", plan.Router), .. AddTo("lo", plan.Clients), .. plan.Attracted.Select(prefix => Via(prefix, plan.Node))]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The node under test.</summary>
    public LabHost Node { get; }

    /// <summary>The second node and its pods.</summary>
    public LabHost Second { get; }

    /// <summary>Routers and clients outside the cluster.</summary>
    public LabHost Outside { get; }

    /// <summary>A pod of the node under test, by name.</summary>
    public LabHost Pod(string name) => _pods[name];

    /// <summary>Adds a pod to the node under test.</summary>
    public LabHost AddPod(string name, params string[] addresses)
    {
        LabHost pod = Add(name, isRouter: false);
        _pods.Add(name, pod);
        Node.Namespace.Connect("pod-" + name, pod.Namespace, "eth0");
        string[] gateways = [.. _plan.PodGateways.Where(gateway => addresses.Any(address => SameFamily(gateway, address)))];
        pod.Ip([
            .. AddTo("eth0", addresses),
            .. gateways.Select(gateway => $"route add {gateway} dev eth0"),
            .. gateways.Select(gateway => $"route add default via {gateway} dev eth0"),
        ]);
        Node.Ip([.. AddTo("pod-" + name, gateways), .. addresses.Select(address => $"route add {address} dev pod-{name}")]);
        Second.Ip([.. addresses.Select(address => Via(address, _plan.Node))]);
        return pod;
    }

    /// <summary>Adds a pod to the second node.</summary>
    public LabHost AddSecondPod(params string[] addresses)
    {
        Second.Ip([.. AddTo("lo", addresses)]);
        Node.Ip([.. addresses.Select(address => Via(address, _plan.Second))]);
        return Second;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = _hosts.Count - 1; i >= 0; i--)
        {
            _hosts[i].Dispose();
        }
    }

    private static IEnumerable<string> AddTo(string interfaceName, IEnumerable<string> addresses) =>
        addresses.Select(address => $"addr add {address}{(address.Contains('/', StringComparison.Ordinal) ? "" : address.Contains(':', StringComparison.Ordinal) ? "/128" : "/32")} dev {interfaceName}{(address.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}");

    private static string Via(string destination, IEnumerable<string> hops) =>
        $"route add {destination} via {hops.First(hop => SameFamily(hop, destination)).Split('/')[0]}";

    private static bool SameFamily(string one, string other) => Family(one) == Family(other);

    private static AddressFamily Family(string text) => LabAddress.Parse(text.Split('/')[0]).AddressFamily;

    private LabHost Add(string name, bool isRouter)
    {
        LabHost host = new(name, isRouter);
        _hosts.Add(host);
        return host;
    }

    private void Join(LabHost host, string port, IReadOnlyList<string> addresses)
    {
        Outside.Namespace.Connect(port, host.Namespace, "eth0");
        Outside.Ip($"link set {port} master br0");
        host.Ip([.. AddTo("eth0", addresses), .. _plan.Router.Select(router => $"route add default via {router.Split('/')[0]}")]);
    }
}
