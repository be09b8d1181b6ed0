using System.Text;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>Rules that are listed while others are being committed: always those of one moment.</summary>
[Trait("Category", "Netns")]
public sealed class ConsistentListingTests
{
    private const int Chains = 400;
    private const int Looks = 40;

    /// <summary>iptables-nft-save alone may show parts of both sets, or chains twice; how often depends on the machine.</summary>
    [SkippableFact]
    public async Task AListingDuringCommitsIsTheOldOneOrTheNewOne()
    {
        using TestNode node = TestNode.CreateOrSkip("iptables-nft-save", "iptables-nft-restore");
        string[] texts = [Text('A', 'B'), Text('B', 'A')];
        node.Run("iptables-nft-restore", texts[0], "--noflush");
        using CancellationTokenSource end = new();
        Task writing = Task.Run(() =>
        {
            for (int round = 1; !end.IsCancellationRequested; round++)
            {
                node.Run("iptables-nft-restore", texts[round % 2], "--noflush");
            }
        });

        List<string> torn = [];
        for (int look = 0; look < Looks; look++)
        {
            (IptablesListing? listing, string error) = await IptablesListing.ReadAsync(node.Runner, TestNode.Tools(IpFamily.IPv4, IptablesVariants.Nft), "nat", CancellationToken.None);
            int first = listing?.Chains("nat").Count(chain => chain.StartsWith("KUBE-SVC-A", StringComparison.Ordinal)) ?? 0;
            int second = listing?.Chains("nat").Count(chain => chain.StartsWith("KUBE-SVC-B", StringComparison.Ordinal)) ?? 0;

            // None at all is an honest answer when commits come faster than listings.
            if (listing is not null && (first, second) is not ((Chains, 0) or (0, Chains)))
            {
                torn.Add($"look {look}: {first} + {second} {error}");
            }
        }

        await end.CancelAsync();
        await writing;
        torn.Should().BeEmpty();
    }

    [SkippableFact]
    public async Task AtRestOneListingIsEnough()
    {
        using TestNode node = TestNode.CreateOrSkip("iptables-nft-save", "iptables-nft-restore");
        node.Run("iptables-nft-restore", Text('A', 'B').Replace("-X KUBE-SVC-B", "#", StringComparison.Ordinal), "--noflush");
        int started = 0;

        (IptablesListing? listing, string error) = await IptablesListing.ReadAsync(
            node.Runner.Reporting(_ => started++), TestNode.Tools(IpFamily.IPv4, IptablesVariants.Nft), "nat", CancellationToken.None);

        error.Should().BeEmpty();
        listing!.Chains("nat").Should().HaveCount(2 * Chains);
        started.Should().Be(1, "the kernel tells that nothing was committed meanwhile");
    }

    /// <summary>Makes chains of one kind and removes those of the other.</summary>
    private static string Text(char comes, char goes)
    {
        StringBuilder text = new("*nat\n");
        foreach (char kind in (ReadOnlySpan<char>)[comes, goes])
        {
            for (int chain = 0; chain < Chains; chain++)
            {
                text.Append($":KUBE-SVC-{kind}{chain:d4} - [0:0]\n");
            }
        }

        for (int chain = 0; chain < Chains; chain++)
        {
            text.Append($"-A KUBE-SVC-{comes}{chain:d4} -j RETURN\n");
        }

        for (int chain = 0; chain < Chains; chain++)
        {
            text.Append($"-X KUBE-SVC-{goes}{chain:d4}\n");
        }

        return text.Append("COMMIT\n").ToString();
    }
}
