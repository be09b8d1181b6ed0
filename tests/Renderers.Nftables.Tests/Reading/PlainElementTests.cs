using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>Large sets and maps are filled straight from the text. What that gives must be what reading them in full gives.</summary>
public sealed class PlainElementTests
{
    private static readonly EquatableArray<KeyPart> s_key = [new(PacketField.Destination), new(PacketField.Protocol), new(PacketField.DestinationPort)];

    private static readonly string[] s_addresses = ["10.0.0.1", "10.96.0.10", "fd00::1", "::1.2.3.4", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "*", "\"eth0\""];
    private static readonly string[] s_protocols = ["tcp", "udp", "sctp", "6", "17", "132", "icmp"];
    private static readonly string[] s_options = ["", "", "", " comment \"a, b : c }\"", " timeout 1h", " timeout 1h expires 5m3s", " counter packets 1 bytes 2"];
    private static readonly string[] s_values = [" : goto x", " : goto x", " : jump y/z", " : drop", " : accept", " : return", " : continue", " : 10.0.0.2 . 80", " : fd00::2 . 8080", " : 10.0.0.2", " : 0x00000001", "", " : 10.0.0.2 . 99999"];

    [Fact]
    public void BothWaysFillTheSame()
    {
        int plain = 0;
        Prop.ForAll<int>(seed =>
        {
            Random random = new(seed);
            byte[] text = Encoding.UTF8.GetBytes(Elements(random));
            plain += IsSame(new NftTextSource(text), new(0, text.Length, 1)) ? 1 : 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

        plain.Should().BeGreaterThan(200);
    }

    [Theory]
    [InlineData("""["10.0.0.1", "fd00::1", {"elem": {"val": "10.0.0.2", "comment": "x\"]}", "expires": 5}}]""", true)]
    [InlineData("""[{"concat": ["10.0.0.1", "tcp", 80]}, {"elem": {"val": {"concat": ["::1.2.3.4", 6, 80]}, "timeout": 5}}]""", true)]
    [InlineData("""[[{"concat": ["10.0.0.1", "tcp", 80]}, {"goto": {"target": "x"}}], [{"concat": ["10.0.0.1", "udp", 80]}, {"drop": null}]]""", true)]
    [InlineData("""[[{"elem": {"val": {"concat": ["10.0.0.1", "tcp", 80]}, "comment": "x"}}, {"jump": {"target": "x/y"}}]]""", true)]
    [InlineData("""[[{"concat": ["10.0.0.1", 80, 0]}, {"concat": ["10.0.0.2", 8080]}], [{"concat": ["10.0.0.1", 80, 1]}, {"concat": ["fd00::2", 1]}]]""", true)]
    [InlineData("[]", true)]
    [InlineData("""[{"prefix": {"addr": "10.0.0.0", "len": 8}}]""", false)]
    [InlineData("""["*"]""", false)]
    [InlineData("""[[80, {"concat": ["10.0.0.2", 99999]}]]""", false)]
    [InlineData("""[[80, {"goto": {"target": "x"}, "more": 1}]]""", false)]
    [InlineData("""[[80, {"goto": {"target": "a\u0062"}}]]""", false)]
    [InlineData("""[[80, "10.0.0.2"]]""", false)]
    [InlineData("""[["tcp", 5]]""", false)]
    [InlineData("""[-5]""", false)]
    [InlineData("""[null]""", false)]
    [InlineData("""["10.0.0.1" "10.0.0.2"]""", false)]
    [InlineData("""5""", false)]
    public void JsonIsFilledTheSame(string json, bool isPlain)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);

        IsSame(new NftJsonSource(text), new(0, text.Length, 0)).Should().Be(isPlain);
    }

    /// <summary>Whether elements are plain; if they are, checks that both ways agree on each kind of content.</summary>
    private static bool IsSame(NftSource source, RuleSlice slice)
    {
        List<NftExpression> trees = [];
        source.Elements(slice, trees);
        (ElementSet set, VerdictMap verdicts, TargetMap targets) = (new(""), new(""), new(""));
        (ElementSet treeSet, VerdictMap treeVerdicts, TargetMap treeTargets) = (new(""), new(""), new(""));
        bool isPlain = false;
        if (source.TryFill(slice, new BulkElementReader.OfSet(s_key, set)))
        {
            isPlain = true;
            NftElements.TryFill(treeSet, s_key, trees).Should().BeTrue();
            set.Keys.Should().BeEquivalentTo(treeSet.Keys);
        }

        if (source.TryFill(slice, new BulkElementReader.OfVerdicts(s_key, verdicts)))
        {
            isPlain = true;
            NftElements.TryFill(treeVerdicts, s_key, trees).Should().BeTrue();
            verdicts.Steps.Should().Equal(treeVerdicts.Steps);
        }

        if (source.TryFill(slice, new BulkElementReader.OfTargets(s_key, targets)))
        {
            isPlain = true;
            NftElements.TryFill(treeTargets, s_key, trees).Should().BeTrue();
            targets.Targets.Should().Equal(treeTargets.Targets);
        }

        return isPlain;
    }

    private static string Elements(Random random)
    {
        string value = Pick(s_values, random);
        return string.Join(random.Next(2) == 0 ? ", " : ",\n\t\t", Enumerable.Range(0, random.Next(4)).Select(_ =>
        {
            string[] parts = [Pick(s_addresses[..(random.Next(8) == 0 ? 8 : 4)], random), Pick(s_protocols, random), random.Next(70000).ToString(CultureInfo.InvariantCulture)];
            return string.Join(" . ", parts[..(random.Next(4) == 0 ? random.Next(1, 4) : 3)]) + Pick(s_options, random) + (random.Next(8) == 0 ? Pick(s_values, random) : value);
        })) + (random.Next(10) == 0 ? " . x" : " ");
    }

    private static string Pick(string[] values, Random random) => values[random.Next(values.Length)];
}
