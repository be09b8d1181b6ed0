using System.Globalization;
using System.Text;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.FakeApiServer;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>100,000 UDP flows in the conntrack table that come, expire, and now and then become stale because their endpoint is replaced.</summary>
internal sealed class FlowTraffic(LabHost node, ObjectStore store)
{
    private const int Batch = 20_000;

    /// <summary>Five batches are there at a time.</summary>
    private const int Lifetime = 50;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(10);

    private int _batches;

    /// <summary>Flows that were made.</summary>
    public int Made => _batches * Batch;

    private string Endpoint => SoakNetwork.Pod(60 + (_batches / 5 % 2));

    /// <summary>Puts the Service of the flows in place.</summary>
    public void Create()
    {
        store.Put(UniformObjects.Dns());
        store.Put(UniformObjects.DnsSlice(Endpoint));
    }

    public Task RunAsync(CancellationToken cancellationToken) => Pace.EveryAsync(
        s_period,
        async () =>
        {
            await Task.Run(Insert, cancellationToken);
            _batches++;
            store.Put(UniformObjects.DnsSlice(Endpoint));
        },
        cancellationToken);

    private void Insert()
    {
        StringBuilder lines = new();
        string endpoint = Endpoint;
        for (int number = 0; number < Batch; number++)
        {
            string source = string.Create(CultureInfo.InvariantCulture, $"172.{16 + (_batches % 16)}.{number / 250}.{1 + (number % 250)}");
            int port = 1024 + _batches;
            lines.Append(CultureInfo.InvariantCulture, $"-A -t {Lifetime} -u SEEN_REPLY -s {source} -d 10.96.254.53 -r {endpoint} -q {source} -p udp --sport {port} --dport 53 --reply-port-src 53 --reply-port-dst {port}\n");
        }

        node.Namespace.RunWith(lines.ToString(), "conntrack", "-R", "-");
    }
}
