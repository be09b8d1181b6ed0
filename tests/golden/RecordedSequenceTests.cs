using System.Buffers;
using System.Text;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>kube-proxy kept running while objects changed: our incremental path ends in the recorded rules at each step.</summary>
public sealed class RecordedSequenceTests
{
    public static TheoryData<string, IpFamily> Sequences()
    {
        TheoryData<string, IpFamily> sequences = [];
        foreach (string name in RecordedCases.Sequences)
        {
            sequences.Add(name, IpFamily.IPv4);
            sequences.Add(name, IpFamily.IPv6);
        }

        return sequences;
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void UpdatingTheModelEqualsBuildingItFromScratch(string name, IpFamily family)
    {
        foreach ((_, RuleModelChange change, RuleModelSnapshot scratch) in Walk(name))
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
        foreach ((string step, RuleModelChange change, _) in Walk(name))
        {
            if (isFirst)
            {
                kernel.Replace(Text(output => IptablesRenderer.WriteListing(change.After[family], IptablesOptions.Default, output)));
                isFirst = false;
            }
            else
            {
                FamilyChange part = family == IpFamily.IPv4 ? change.IPv4 : change.IPv6;
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
                foreach ((string step, RuleModelChange change, _) in Walk(name))
                {
                    FamilyChange part = family == IpFamily.IPv4 ? change.IPv4 : change.IPv6;
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

    /// <summary>The steps of a sequence, each with the change from the one before and a model built from scratch.</summary>
    private static IEnumerable<(string Step, RuleModelChange Change, RuleModelSnapshot Scratch)> Walk(string name)
    {
        string directory = RecordedCases.SequenceDirectory(name);
        RecordedNode recordedNode = RecordedNode.Read(directory);
        ProxySettings settings = ModelLoader.Settings(directory, "iptables");
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder? builder = null;
        ManifestObjects before = new();
        foreach (string step in RecordedCases.Steps(name))
        {
            ManifestObjects after = ModelLoader.ReadObjects(Path.Combine(step, "objects.json"));
            ApplyDifference(before, after, state);
            Node? node = after.Nodes.GetValueOrDefault(recordedNode.Name);
            NodeSettings Resolve(IpFamily family) => NodeSettings.Resolve(family, settings, node, [.. recordedNode.Addresses], default);
            builder ??= new RuleModelBuilder(state, Resolve(IpFamily.IPv4), Resolve(IpFamily.IPv6));
            RuleModelChange change = builder.Update(state.TakeChanges(), Resolve(IpFamily.IPv4), Resolve(IpFamily.IPv6));
            yield return (step, change, Scratch(after, Resolve(IpFamily.IPv4), Resolve(IpFamily.IPv6)));
            before = after;
        }
    }

    private static void ApplyDifference(ManifestObjects before, ManifestObjects after, ClusterState state)
    {
        foreach (NamespacedName gone in before.Services.Keys.Except(after.Services.Keys))
        {
            state.RemoveService(gone);
        }

        foreach (NamespacedName gone in before.EndpointSlices.Keys.Except(after.EndpointSlices.Keys))
        {
            state.RemoveSlice(gone);
        }

        foreach (Service service in after.Services.Values)
        {
            state.Set(service, []);
        }

        foreach (EndpointSlice slice in after.EndpointSlices.Values)
        {
            state.Set(slice);
        }
    }

    private static RuleModelSnapshot Scratch(ManifestObjects objects, NodeSettings ipv4, NodeSettings ipv6)
    {
        ClusterState state = new(allowExternalIPs: true);
        ApplyDifference(new ManifestObjects(), objects, state);
        return RuleModelBuilder.Build(state, ipv4, ipv6);
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
