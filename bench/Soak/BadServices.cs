using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.Soak;

/// <summary>Creates an invalid Service from time to time, of several kinds in turn, and deletes it a little later.</summary>
internal sealed class BadServices(ObjectStore store, RefusingTool tool)
{
    /// <summary>The cluster IP of the one that the kernel refuses.</summary>
    public const string RefusedAddress = "10.111.9.9";

    private const string Name = "bad";

    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan s_life = TimeSpan.FromSeconds(8);

    /// <summary>How many there were.</summary>
    public int Count { get; private set; }

    /// <summary>How many of them the kernel refused.</summary>
    public int Refused { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Pace.WaitAsync(s_rest, cancellationToken);
            int kind = Count++ % 4;
            switch (kind)
            {
                case 0:
                    store.Put(SoakServices.Service(Name, "10.111.300.1"));
                    store.Put(SoakServices.Slice(Name, "abcde", SoakNetwork.Pod(50)));
                    break;
                case 1:
                    store.Put(SoakServices.Service(Name, "10.111.9.1"));
                    store.Put(SoakServices.Slice(Name, "abcde", SoakNetwork.Pod(50), "10.250.0.999"));
                    break;
                case 2:
                    // The cluster IP of another Service, which is not dialled.
                    store.Put(SoakServices.Service(Name, "10.96.0.7"));
                    store.Put(SoakServices.Slice(Name, "abcde"));
                    break;
                default:
                    Refused++;
                    tool.Refuse(true);
                    store.Put(SoakServices.Service(Name, RefusedAddress));
                    store.Put(SoakServices.Slice(Name, "abcde", SoakNetwork.Pod(50)));
                    break;
            }

            await Pace.WaitAsync(s_life, cancellationToken);
            SoakServices.Delete(store, Name, "abcde");
            tool.Refuse(false);
        }
    }
}
