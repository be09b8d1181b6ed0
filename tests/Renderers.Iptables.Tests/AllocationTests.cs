using System.Buffers;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Iptables.Tests;

/// <summary>The two hot paths: what they allocate does not grow with rules, nor with the rest of the cluster.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void RenderingAllocatesNoObjectPerRule()
    {
        FamilyRules rules = UniformCluster.Build(500, 20).Builder.Current.IPv4;
        ArrayBufferWriter<byte> output = new(32 * 1024 * 1024);
        IptablesRenderer.WriteListing(rules, IptablesOptions.Default, output);
        int ruleCount = 500 * (2 + (3 * 20));
        output.ResetWrittenCount();

        long before = GC.GetAllocatedBytesForCurrentThread();
        IptablesRenderer.WriteListing(rules, IptablesOptions.Default, output);
        long perRule = (GC.GetAllocatedBytesForCurrentThread() - before) / ruleCount;

        // The smallest object has 24 bytes. What is allocated are the arrays of chain names.
        perRule.Should().BeLessThan(24);
    }

    [Fact]
    public void ChangingOneServiceCostsTheSameInASmallAndALargeCluster()
    {
        long small = BytesOfOneChange(100);
        long large = BytesOfOneChange(6400);

        large.Should().BeLessThan(small * 2);
    }

    private static long BytesOfOneChange(int services)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, 5);
        long bytes = 0;
        for (int round = 0; round < 3; round++)
        {
            state.Set(UniformCluster.Slice(services / 2, 5 + round));
            long before = GC.GetAllocatedBytesForCurrentThread();
            builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return bytes;
    }
}
