using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Selection;

/// <summary>Endpoints keep their slots for as long as they can.</summary>
public sealed class SlotOrderTests
{
    [Theory]
    [InlineData("1 2 3", "1 2 3", "1 2 3")]
    [InlineData("1 2 3", "1 2 3 4", "1 2 3 4")]
    [InlineData("2 3 4", "1 2 3 4", "2 3 4 1")]
    [InlineData("1 2 3 4", "1 2 3", "1 2 3")]
    [InlineData("1 2 3 4", "2 3 4", "4 2 3")]
    [InlineData("1 2 3 4", "1 2 4 5", "1 2 5 4")]
    [InlineData("1 2 3 4", "5", "5")]
    [InlineData("1 2 3 4", "4", "4")]
    [InlineData("1 2 3 4", "", "")]
    public void SlotsAreCarriedOver(string before, string after, string slots)
    {
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        state.Set(Samples.Service, []);
        Set(state, before);
        builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);

        Set(state, after);
        builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);

        EndpointSelection selection = builder.Current.IPv4.Services[Samples.Web].Ports[0].Endpoints;
        Samples.Texts(selection.ClusterSlots).Replace("10.244.0.", "").Should().Be(slots);
        Samples.Texts(selection.Cluster).Replace("10.244.0.", "").Should().Be(after);
    }

    /// <summary>One endpoint replaced by another changes one slot; one removed changes at most one slot that stays.</summary>
    [Fact]
    public void OneChangeMovesAtMostOneOther()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            ClusterState state = new(allowExternalIPs: true);
            RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
            state.Set(Samples.Service, []);
            List<int> hosts = [.. Enumerable.Range(1, 10)];
            Set(state, string.Join(' ', hosts));
            builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
            for (int step = 0; step < 10; step++)
            {
                string[] old = Slots(builder);
                hosts.RemoveAt(random.Next(hosts.Count));
                if (random.Next(2) == 0)
                {
                    hosts.Add(random.Next(20, 250));
                }

                Set(state, string.Join(' ', hosts.Distinct()));
                builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);

                string[] current = Slots(builder);
                int moved = old.Where((target, slot) => slot < current.Length && current[slot] != target).Count();
                moved.Should().BeLessThanOrEqualTo(1);
                current.Should().OnlyHaveUniqueItems();
            }
        }
    }

    private static string[] Slots(RuleModelBuilder builder) =>
        Samples.Texts(builder.Current.IPv4.Services[Samples.Web].Ports[0].Endpoints.ClusterSlots).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static void Set(ClusterState state, string hosts) =>
        state.Set(Samples.Slice([.. hosts.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(host => Samples.Endpoint("10.244.0." + host))]));
}
