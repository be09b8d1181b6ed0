using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>What becomes of packets: every line of <see cref="BehaviourTable"/>, in both families.</summary>
[Trait("Category", "Netns")]
public abstract class BehaviourTests(BehaviourLab lab)
{
    public static TheoryData<string, bool> Services()
    {
        TheoryData<string, bool> data = [];
        foreach (string name in BehaviourTable.Names)
        {
            data.Add(name, false);
            data.Add(name, true);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Services))]
    public void ServiceIsReachedAsTheTableSays(string name, bool isIPv6)
    {
        IReadOnlyList<string> differences = new LabCheck(lab.Lab).Differences(
            BehaviourTable.Service(name), LabRow.Read(BehaviourTable.Table(name), lab.Mode, isIPv6), isIPv6);

        differences.Should().BeEmpty();
    }
}
