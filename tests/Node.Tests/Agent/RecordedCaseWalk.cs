using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Leads one agent through a group of recorded cases: the first are there at its start, the others come as changes.</summary>
internal static class RecordedCaseWalk
{
    /// <summary>Walks; after each case the kernel has the rules of the dry run.</summary>
    /// <param name="first">Names the group.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="variant">The variant of iptables.</param>
    public static async Task RunAsync(string first, string mode, string variant)
    {
        RecordedGroup group = RecordedGroup.All.Single(group => group.First == first);
        string directory = RecordedCases.CaseDirectory(first);
        RecordedNode node = RecordedNode.Read(directory);
        string[] addresses = [.. node.Addresses.Select(address => address.ToString()).Where(address => address is not ("127.0.0.1" or "::1"))];
        KubeProxyConfiguration configuration = ModelLoader.ReadConfiguration(directory);
        await using AgentLab lab = await AgentLab.CreateOrSkipAsync(addresses: addresses);
        foreach (string name in group.Cases)
        {
            lab.Replace(File.ReadAllText(Path.Combine(RecordedCases.CaseDirectory(name), "objects.json")));
            if (name == first)
            {
                lab.StartAgent(configuration, mode, variant, node.Name);
            }

            try
            {
                await lab.UntilRulesAreThereAsync();
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException($"case {name}: {e.Message}", e);
            }
        }

        (await lab.Agent.StopAsync(AgentLab.Patience)).Should().Be(AgentProcess.Terminated, "{0}", lab.Agent.Log);
    }
}
