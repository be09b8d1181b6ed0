using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Listing;

/// <summary>Which readings of rules count as the state of one moment.</summary>
public sealed class ConsistentListingTests
{
    [Fact]
    public async Task WhatWasReadBetweenTwoCommitsCounts()
    {
        (string Reading, bool IsSteady, int Reads) result = await ReadAsync([7, 7], "rules");

        result.Should().Be(("rules", true, 1));
    }

    [Fact]
    public async Task WhatWasReadDuringACommitIsReadAgain()
    {
        (string Reading, bool IsSteady, int Reads) result = await ReadAsync([7, 8, 9, 9], "old", "torn", "new");

        result.Should().Be(("new", true, 3));
    }

    /// <summary>Others may change rules of their own all the time.</summary>
    [Fact]
    public async Task TheSameTwiceInARowCounts()
    {
        (string Reading, bool IsSteady, int Reads) result = await ReadAsync([1, 2, 3, 4], "torn", "rules", "rules");

        result.Should().Be(("rules", true, 3));
    }

    [Fact]
    public async Task WhatIsNeverTheSameTwiceIsNoState()
    {
        uint?[] commits = [.. Enumerable.Range(1, ConsistentListing.MostTries + 1).Select(number => (uint?)number)];

        (string Reading, bool IsSteady, int Reads) result = await ReadAsync(commits, [.. Enumerable.Range(1, ConsistentListing.MostTries).Select(number => $"torn {number}")]);

        result.Should().Be(($"torn {ConsistentListing.MostTries}", false, ConsistentListing.MostTries));
    }

    /// <summary>Without the capability the kernel tells no numbers; equal readings are then the only sign.</summary>
    [Fact]
    public async Task WithoutNumbersTwoEqualReadingsAreNeeded()
    {
        (string Reading, bool IsSteady, int Reads) result = await ReadAsync([null, null, null], "rules", "rules");

        result.Should().Be(("rules", true, 2));
    }

    private static async Task<(string Reading, bool IsSteady, int Reads)> ReadAsync(uint?[] commits, params string[] readings)
    {
        int asked = 0;
        int reads = 0;
        (string reading, bool isSteady, uint? commit) = await ConsistentListing.ReadAsync(
            () => commits[asked++], _ => Task.FromResult(readings[reads++]), string.Equals, CancellationToken.None);
        (commit is null || commit == commits[asked - 1]).Should().BeTrue("a number is that of the last commit before the reading ended");
        return (reading, isSteady, reads);
    }
}
