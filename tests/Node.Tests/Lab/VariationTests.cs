using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The cells of the masquerade matrix that another configuration of the agent changes, in both families.</summary>
[Trait("Category", "Netns")]
public abstract class VariationTests(BehaviourLab lab)
{
    public static TheoryData<string> Variations() => [.. BehaviourTable.Variations];

    [SkippableTheory]
    [MemberData(nameof(Variations))]
    public void ServicesAreReachedAsTheVariationSays(string variation)
    {
        LabCheck check = new(lab.Lab);
        lab.Restart(BehaviourTable.Configuration(variation, lab.Mode));
        List<string> differences = [];
        foreach ((string name, string table) in BehaviourTable.VariationTables(variation))
        {
            foreach (bool isIPv6 in new[] { false, true })
            {
                IEnumerable<LabRow> rows = LabRow.Read(table, lab.Mode, isIPv6);
                differences.AddRange(check.Differences(BehaviourTable.Service(name), rows, isIPv6).Select(difference => $"{name}: {difference}"));
            }
        }

        differences.Should().BeEmpty();
    }
}
