using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

public sealed class NftProtocolNumberTests
{
    /// <summary>As nft lists it in small images: the names of protocols come from /etc/protocols, of the package netbase.</summary>
    [Theory]
    [InlineData("same-number-three-protocols")]
    [InlineData("affinity-default")]
    public void ProtocolsMayBeNumbers(string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        IReadOnlyList<IpAddress> addresses = RecordedNode.Read(directory).Addresses;
        string named = File.ReadAllText(Path.Combine(directory, "nftables", "nft.json"));
        string numbered = WithNumber(WithNumber(WithNumber(named, "tcp", 6), "udp", 17), "sctp", 132);

        IReadOnlyList<string> actual = Rulesets.Describe(Rulesets.Nftables(numbered, IpFamily.IPv4), addresses);

        numbered.Should().NotBe(named);
        actual.Should().Equal(Rulesets.Describe(Rulesets.Nftables(named, IpFamily.IPv4), addresses));
    }

    /// <summary>Inside a key, at its start, and in a match; the protocol of a payload expression stays a name.</summary>
    private static string WithNumber(string json, string name, int number) => json
        .Replace($", \"{name}\", ", $", {number}, ", StringComparison.Ordinal)
        .Replace($"[\"{name}\", ", $"[{number}, ", StringComparison.Ordinal)
        .Replace($"\"right\": \"{name}\"", $"\"right\": {number}", StringComparison.Ordinal);
}
