using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>What tests of a faulty server have in common: a node with rules of two Services, of which one changes.</summary>
internal static class FaultyServer
{
    private const string Stable = "10.96.0.10";
    private const string Changing = "10.96.0.20";
    private const string Leaving = "10.96.0.30";
    private const string Coming = "10.96.0.40";

    /// <summary>The rule that the first sync leaves out: ServiceCIDRs are not waited for, since older servers have none.</summary>
    private const string OfServiceCidrs = "Drop traffic to unallocated ClusterIPs";

    private static readonly string[] s_others = [Changing, Leaving, "10.244.0.2", "10.244.0.3"];

    /// <summary>
    /// Lets a fault happen to an agent whose rules are complete. Meanwhile the rules of what does not change must be there
    /// all the time; in the end the rules must be those of the server's objects.
    /// </summary>
    /// <param name="fault">The fault, to its end; it changes objects of the server too.</param>
    /// <param name="configure">Sets how the server behaves.</param>
    /// <param name="patience">How long the agent may take to recover; null for the usual.</param>
    public static async Task HappensAsync(Func<AgentLab, Task> fault, Action<FakeApiOptions>? configure = null, TimeSpan? patience = null)
    {
        await using AgentLab lab = await AgentLab.CreateOrSkipAsync(configure);
        Fill(lab);
        lab.StartAgent();
        await lab.UntilRulesAreThereAsync();
        await using KernelWatch watch = new(lab, Stable, IsOfOthers);

        await fault(lab);

        await lab.UntilRulesAreThereAsync(patience);
        await watch.CheckAsync();
    }

    /// <summary>
    /// Lets a fault happen to an agent at its start, on a node that has rules from before. They must stay until those of
    /// the server's objects come.
    /// </summary>
    /// <param name="before">Brings the server into its state.</param>
    /// <param name="until">Waits for what shows that the fault has happened.</param>
    /// <param name="after">Ends the fault.</param>
    /// <param name="configure">Sets how the server behaves.</param>
    public static async Task IsThereFromTheStartAsync(
        Action<AgentLab> before, Func<AgentLab, Task> until, Action<AgentLab> after, Action<FakeApiOptions>? configure = null)
    {
        await using AgentLab lab = await AgentLab.CreateOrSkipAsync(configure);
        Fill(lab);
        lab.StartAgent();
        await lab.UntilRulesAreThereAsync();
        (await lab.Agent.StopAsync(AgentLab.Patience)).Should().Be(AgentProcess.Terminated, "{0}", lab.Agent.Log);
        Change(lab);
        string[] old = [.. lab.NftTable(RuleModel.Addresses.IpFamily.IPv4)];
        await using KernelWatch watch = new(lab, Stable, line => IsOfOthers(line) || line.Contains(OfServiceCidrs, StringComparison.Ordinal));
        before(lab);

        lab.StartAgent();
        await until(lab);
        lab.NftTable(RuleModel.Addresses.IpFamily.IPv4).Should().Equal(old, "nothing is written before everything is known\n" + lab.Agent.Log);
        after(lab);

        await lab.UntilRulesAreThereAsync();
        await watch.CheckAsync();
    }

    /// <summary>Changes the server's objects: one Service gets other endpoints, one comes, one goes.</summary>
    public static void Change(AgentLab lab)
    {
        lab.Put(
            ApiObjects.Slice("changing", "10.244.0.21", "10.244.0.22", "10.244.0.23"),
            ApiObjects.Service("coming", Coming),
            ApiObjects.Slice("coming", "10.244.0.40"));
        Delete(lab, FakeApi.Storage.DeletionNotice.Once);
    }

    /// <summary>Deletes the Service that goes.</summary>
    public static void Delete(AgentLab lab, FakeApi.Storage.DeletionNotice notice)
    {
        lab.Server.Store.Delete(ResourceType.Services, "shop", "leaving", notice);
        lab.Server.Store.Delete(ResourceType.EndpointSlices, "shop", "leaving-1", notice);
    }

    private static void Fill(AgentLab lab) => lab.Put(
        ApiObjects.Node(),
        ApiObjects.ServiceCidr("kubernetes", "10.96.0.0/16"),
        ApiObjects.Service("stable", Stable),
        ApiObjects.Slice("stable", "10.244.0.10", "10.244.0.11"),
        ApiObjects.Service("changing", Changing),
        ApiObjects.Slice("changing", "10.244.0.20"),
        ApiObjects.Service("leaving", Leaving),
        ApiObjects.Slice("leaving", "10.244.0.30"));

    private static bool IsOfOthers(string line) =>
        Array.Exists(s_others, other => line.Contains(other, StringComparison.Ordinal));
}
