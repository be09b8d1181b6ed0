using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>A node between a host with clients and one with pods, each a network namespace.</summary>
internal sealed class SoakNetwork : IDisposable
{
    /// <summary>The address of the clients' host.</summary>
    public const string ClientAddress = "192.168.50.2";

    /// <summary>The prefix of what node ports answer on; the addresses of churn are never in it, but for the last one.</summary>
    public const string NodePortPrefix = "10.201.";

    private const int Pods = 64;

    public SoakNetwork()
    {
        Node.Namespace.Connect("clients", Clients.Namespace, "eth0");
        Node.Namespace.Connect("pods", PodHost.Namespace, "eth0");
        Node.Ip(
            "addr add 192.168.50.1/24 dev clients",
            "addr add 192.168.51.1/24 dev pods",
            "route add 10.250.0.0/16 via 192.168.51.2");
        Clients.Ip($"addr add {ClientAddress}/24 dev eth0", "route add default via 192.168.50.1");
        PodHost.Ip("addr add 192.168.51.2/24 dev eth0", "route add default via 192.168.51.1");
        PodHost.Ip([.. Enumerable.Range(1, Pods).Select(number => $"addr add {Pod(number)}/32 dev lo")]);
        for (int number = 1; number <= Pods; number++)
        {
            PodHost.Serve(Pod(number), Pod(number), SoakServices.PodPort);
        }

        Client = new LabClient(Clients, null);
    }

    /// <summary>Where the agent and the API server run.</summary>
    public LabHost Node { get; } = new("node", isRouter: true);

    /// <summary>Where connections come from.</summary>
    public LabClient Client { get; }

    private LabHost Clients { get; } = new("clients", isRouter: false);

    private LabHost PodHost { get; } = new("pods", isRouter: false);

    /// <summary>The address of a pod that answers with it; they count from 1.</summary>
    public static string Pod(int number) => $"10.250.0.{number}";

    /// <inheritdoc/>
    public void Dispose()
    {
        Node.Dispose();
        PodHost.Dispose();
        Clients.Dispose();
    }
}
