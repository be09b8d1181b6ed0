using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.FakeApiServer;

namespace KubeProxySharp.Soak;

/// <summary>20 changes a second all over the cluster: endpoints replaced, now and then a Service deleted and made again; and endpoints of dialled Services that make room for other live ones.</summary>
internal sealed class ClusterChanges(ObjectStore store, SoakOptions options, IReadOnlyList<int> movingServices)
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(50);

    private int _generation = 1;
    private int _next;
    private int? _deleted;

    /// <summary>Changes made.</summary>
    public int Count { get; private set; }

    public Task RunAsync(CancellationToken cancellationToken) => Pace.EveryAsync(
        s_period,
        () =>
        {
            Change(Count);
            Count++;
            return Task.CompletedTask;
        },
        cancellationToken);

    /// <summary>
    /// Changes every Service once, 500 a second. One that has changed takes some 400 bytes more than one that was listed, so
    /// memory would grow until each had its turn, and that is not the growth that is looked for.
    /// </summary>
    public async Task ChangeAllAsync(CancellationToken cancellationToken)
    {
        for (int number = 0; number < options.Services; number++)
        {
            store.Put(UniformObjects.Slice(number, options.Endpoints, _generation, TimeProvider.System.GetUtcNow()));
            if (number % 50 == 49)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
        }

        _generation++;
    }

    private void Change(int count)
    {
        switch (count % 20)
        {
            case 5 when _deleted is { } number:
                store.Put(UniformObjects.Service(number));
                _deleted = null;
                return;
            case 15:
                _deleted = count * 7 % options.Services;
                store.Delete(ResourceType.Services, $"ns-{_deleted % 50}", $"svc-{_deleted}");
                return;
            case 10:
                int moving = movingServices[count / 20 % movingServices.Count];
                store.Put(SoakServices.Slice(moving, SoakNetwork.Pod(40 + (count / 20 % 20))));
                return;
            default:
                // A stride that is prime to any likely number of Services visits all of them.
                store.Put(UniformObjects.Slice(_next, options.Endpoints, _generation, TimeProvider.System.GetUtcNow()));
                _next = (_next + 7919) % options.Services;
                _generation += _next < 7919 ? 1 : 0;
                return;
        }
    }
}
