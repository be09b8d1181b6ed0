using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The cells of the masquerade matrix that another configuration changes, in both families.</summary>
public abstract class VariationTests(BehaviourLab lab, string variation)
{
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void ServicesAreReachedAsTheVariationSays(bool isIPv6)
    {
        LabCheck check = new(lab.Lab);
        List<string> differences = [];
        foreach ((string name, _) in BehaviourTable.Variations.Where(entry => entry.Variation == variation))
        {
            IEnumerable<LabRow> rows = LabRow.Read(BehaviourTable.Table(name, variation), lab.Mode, isIPv6);
            differences.AddRange(check.Differences(BehaviourTable.Service(name), rows, isIPv6).Select(difference => $"{name}: {difference}"));
        }

        differences.Should().BeEmpty();
    }
}
