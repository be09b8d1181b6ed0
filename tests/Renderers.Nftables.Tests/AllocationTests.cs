using System.Buffers;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests;

/// <summary>The two hot paths: what they allocate does not grow with elements, nor with the rest of the cluster.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void RenderingAllocatesNoObjectPerElement()
    {
        FamilyRules rules = UniformCluster.Build(500, 20).Builder.Current.IPv4;
        ArrayBufferWriter<byte> output = new(32 * 1024 * 1024);
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, output);
        output.ResetWrittenCount();

        long before = GC.GetAllocatedBytesForCurrentThread();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, output);
        long perElement = (GC.GetAllocatedBytesForCurrentThread() - before) / (500 * 20);

        // The smallest object has 24 bytes.
        perElement.Should().BeLessThan(8);
    }

    [Fact]
    public void AnUpdateAllocatesTheSameInASmallAndALargeCluster() => BytesOfOneUpdate(3200).Should().BeLessThan(BytesOfOneUpdate(100) * 2);

    private static long BytesOfOneUpdate(int services)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, 5);
        ArrayBufferWriter<byte> output = new(1024 * 1024);
        long bytes = 0;
        for (int round = 0; round < 3; round++)
        {
            state.Set(UniformCluster.Slice(services / 2, 5 + round));
            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4;
            long before = GC.GetAllocatedBytesForCurrentThread();
            NftablesRenderer.WriteUpdate(change, NftablesOptions.Default, output);
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return bytes;
    }
}
