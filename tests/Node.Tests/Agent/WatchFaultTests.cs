using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>What a server and the way to it do to watches that run: rules stay valid, nothing is lost, the agent recovers by itself.</summary>
[Trait("Category", "Netns")]
public sealed class WatchFaultTests
{
    private static readonly TimeSpan s_bookmarkPeriod = TimeSpan.FromMilliseconds(50);
    private static readonly ResourceType[] s_watched = [ResourceType.Services, ResourceType.EndpointSlices, ResourceType.Nodes, ResourceType.ServiceCidrs];

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public Task TheServerIsAwayAndComesBackWithOtherObjects(bool hasForgottenHistory) => FaultyServer.HappensAsync(async lab =>
    {
        await lab.Server.StopListeningAsync();
        await lab.UntilLoggedAsync("cannot be reached");
        FaultyServer.Change(lab);
        if (hasForgottenHistory)
        {
            lab.Server.Store.Compact();
        }

        await lab.Server.StartListeningAsync();
    });

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public Task AWatchEndsInTheMiddleOfAFrame(bool isReset) => FaultyServer.HappensAsync(lab =>
    {
        lab.Server.Faults.Inject(new HalfFrameFault(isReset), ResourceType.Services);
        lab.Server.Faults.Inject(new HalfFrameFault(isReset), ResourceType.EndpointSlices);
        FaultyServer.Change(lab);
        return lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the fault has not happened");
    });

    [SkippableFact]
    public Task AStormOfExpiredVersions() => FaultyServer.HappensAsync(async lab =>
    {
        foreach (ResourceType type in s_watched)
        {
            lab.Server.Faults.Inject(new ExpiredFault(), type, times: 3);
        }

        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        lab.Server.Store.Compact();
        await lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the storm is not over");
    });

    /// <summary>Bookmarks keep a quiet watch from falling behind: it goes on without a new list after the history is gone.</summary>
    [SkippableFact]
    public Task BookmarksAloneKeepTheVersionFresh() => FaultyServer.HappensAsync(
        async lab =>
        {
            lab.Server.Store.AdvanceTo(lab.Server.Store.ResourceVersion + 1000);
            lab.Server.Store.Compact();
            string newest = Text(lab.Server.Store.ResourceVersion);
            await lab.UntilAsync(() => lab.Server.OpenWatches() == s_watched.Length, () => "a watch is missing");
            int before = lab.Server.Requests.All.Count;
            await AgentMetrics.UntilEventsSinceAsync(lab, TimeProvider.System.GetUtcNow() + (2 * s_bookmarkPeriod));
            foreach (ResourceType type in s_watched)
            {
                lab.Server.Faults.Inject(new EndFault(), type); // a lost connection would have everything listed again
            }

            await lab.UntilAsync(() => lab.Server.Requests.All.Count >= before + s_watched.Length, () => "the watches do not go on");
            lab.Server.Requests.All.Skip(before).Where(request => request.Verb == "watch").Should().AllSatisfy(request => request.Parameter("resourceVersion").Should().Be(newest));
            FaultyServer.Change(lab);
        },
        options => options.BookmarkPeriod = s_bookmarkPeriod);

    /// <summary>A server that withholds events does no harm, and when its watch ends for lack of history all of them are found.</summary>
    [SkippableFact]
    public Task BookmarksInThePlaceOfEvents() => FaultyServer.HappensAsync(async lab =>
    {
        lab.Server.Faults.Inject(new BookmarkOnlyFault(), ResourceType.Services);
        lab.Server.Faults.Inject(new BookmarkOnlyFault(), ResourceType.EndpointSlices);
        await lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the watches still send events");
        FaultyServer.Change(lab);
        lab.Server.Faults.Inject(new ExpiredFault(), ResourceType.Services);
        lab.Server.Faults.Inject(new ExpiredFault(), ResourceType.EndpointSlices);
    });

    [SkippableFact]
    public Task EventsComeInTheWrongOrder() => FaultyServer.HappensAsync(lab =>
    {
        lab.Server.Store.PutReversed(ApiObjects.Service("first", "10.96.0.51"), ApiObjects.Service("second", "10.96.0.52"));
        lab.Server.Store.PutReversed(ApiObjects.Slice("first", "10.244.0.51"), ApiObjects.Slice("second", "10.244.0.52"));
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        return Task.CompletedTask;
    });

    [SkippableFact]
    public Task EventsAndDeletionsComeTwice() => FaultyServer.HappensAsync(lab =>
    {
        foreach (ResourceType type in s_watched)
        {
            lab.Server.Faults.Inject(new RepeatFault(), type);
        }

        FaultyServer.Delete(lab, DeletionNotice.Twice);
        FaultyServer.Change(lab);
        return Task.CompletedTask;
    });

    [SkippableFact]
    public Task DeletionsThatAreNotToldAreFoundByTheNextList() => FaultyServer.HappensAsync(lab =>
    {
        FaultyServer.Delete(lab, DeletionNotice.Never);
        FaultyServer.Change(lab);
        lab.Server.Store.Compact();
        foreach (ResourceType type in s_watched)
        {
            lab.Server.Faults.Inject(new ExpiredFault(), type);
        }

        return lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "no watch has ended");
    });

    [SkippableFact]
    public Task BytesThatAreNoEvents() => FaultyServer.HappensAsync(lab =>
    {
        lab.Server.Faults.Inject(RawBytesFault.Garbage(), ResourceType.Services);
        lab.Server.Faults.Inject(RawBytesFault.Oversize(), ResourceType.EndpointSlices);
        lab.Server.Faults.Inject(new UnknownEventFault(), ResourceType.Nodes);
        lab.Server.Faults.Inject(new WrongKindFault(), ResourceType.ServiceCidrs);
        FaultyServer.Change(lab);
        return lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the fault has not happened");
    });

    private static string Text(long version) => version.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
