using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>kube-proxy kept running while objects changed: our incremental path ends in the recorded rules at each step.</summary>
public sealed class RecordedSequenceTests
{
    public static TheoryData<string, IpFamily> Sequences() => RecordedSequence.All();

    [Theory]
    [MemberData(nameof(Sequences))]
    public void UpdatingTheModelEqualsBuildingItFromScratch(string name, IpFamily family)
    {
        foreach ((_, RuleModelChange change, RuleModelSnapshot scratch) in RecordedSequence.Walk(name, "iptables"))
        {
            change.After[family].HasSameContentAs(scratch[family]).Should().BeTrue();
        }
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void FullThenPartialTextsGiveTheRecordedRules(string name, IpFamily family)
    {
        RestoreEmulator kernel = new();
        bool isFirst = true;
        foreach ((string step, RuleModelChange change, _) in RecordedSequence.Walk(name, "iptables"))
        {
            if (isFirst)
            {
                kernel.Replace(Text(output => IptablesRenderer.WriteListing(change.After[family], IptablesOptions.Default, output)));
                isFirst = false;
            }
            else
            {
                FamilyChange part = change[family];
                kernel.Restore(Text(output => IptablesRenderer.WritePartialRestore(part, IptablesOptions.Default, output)));
            }

            IReadOnlyList<string> expected = Recorded(step, family);
            IReadOnlyList<string> actual = SaveDump.Parse(kernel.Save()).CanonicalLines();
            actual.SequenceEqual(expected).Should().BeTrue($"{step}\n{TextDiff.Describe(expected, actual)}");
        }
    }

    [Trait("Category", "Netns")]
    [SkippableTheory]
    [MemberData(nameof(Sequences))]
    public void TheRealToolEndsInTheRecordedRules(string name, IpFamily family)
    {
        string prefix = family == IpFamily.IPv4 ? "iptables" : "ip6tables";
        NetworkNamespace.RunOrSkip(
            () =>
            {
                Nfacct.CreateCounters();
                bool isFirst = true;
                foreach ((string step, RuleModelChange change, _) in RecordedSequence.Walk(name, "iptables"))
                {
                    FamilyChange part = change[family];
                    if (isFirst)
                    {
                        ChildProcess.Run(prefix + "-nft-restore", Text(output => IptablesRenderer.WriteListing(part.After, IptablesOptions.Default, output)));
                        isFirst = false;
                    }
                    else
                    {
                        ChildProcess.Run(prefix + "-nft-restore", Text(output => IptablesRenderer.WritePartialRestore(part, IptablesOptions.Default, output)), "--noflush", "--counters");
                    }

                    IReadOnlyList<string> expected = Recorded(step, family);
                    IReadOnlyList<string> actual = SaveDump.Parse(ChildProcess.Run(prefix + "-nft-save", "")).CanonicalLines();
                    actual.SequenceEqual(expected).Should().BeTrue($"{step}\n{TextDiff.Describe(expected, actual)}");
                }
            },
            prefix + "-nft-restore",
            "nfacct");
    }

    private static IReadOnlyList<string> Recorded(string step, IpFamily family)
    {
        string file = family == IpFamily.IPv4 ? "iptables-save.txt" : "ip6tables-save.txt";
        return SaveDump.Parse(File.ReadAllText(Path.Combine(step, "iptables", file))).CanonicalLines();
    }

    private static string Text(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
