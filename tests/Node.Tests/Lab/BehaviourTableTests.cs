using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>No combination is forgotten in <see cref="BehaviourTable"/>.</summary>
public sealed class BehaviourTableTests
{
    private static readonly string[] s_clients = ["a3", "node", "outside"];
    private static readonly string[] s_destinations = ["cluster", "external", "lb", "nodeport"];

    [Theory]
    [InlineData("iptables", false)]
    [InlineData("iptables", true)]
    [InlineData("nftables", false)]
    [InlineData("nftables", true)]
    public void EveryServiceIsDialledFromEverywhereByEveryAddress(string mode, bool isIPv6)
    {
        foreach (string name in BehaviourTable.Names)
        {
            IEnumerable<string> ways = LabRow.Read(BehaviourTable.Table(name), mode, isIPv6).Select(row => $"{row.From} -> {row.To}");

            ways.Should().OnlyHaveUniqueItems("of {0}", name).And.Contain(from client in s_clients from destination in s_destinations select $"{client} -> {destination}", "of {0}", name);
        }
    }

    [Fact]
    public void NoTwoServicesShareAnAddress() =>
        BehaviourTable.Names.Select(name => BehaviourTable.Service(name).Number).Should().OnlyHaveUniqueItems();
}
