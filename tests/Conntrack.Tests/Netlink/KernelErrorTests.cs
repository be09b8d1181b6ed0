using System.Runtime.CompilerServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Netlink.Interop;

namespace KubeProxySharp.Conntrack.Tests.Netlink;

/// <summary>What errno becomes, and the sizes of what the kernel reads.</summary>
public sealed class KernelErrorTests
{
    [Theory]
    [InlineData(1, NetlinkFailure.NotPermitted, "CAP_NET_ADMIN")]
    [InlineData(13, NetlinkFailure.NotPermitted, "CAP_NET_ADMIN")]
    [InlineData(93, NetlinkFailure.NotSupported, "modprobe nf_conntrack_netlink")]
    [InlineData(16, NetlinkFailure.Refused, "errno 16")]
    public void ErrorsSayWhatToDo(int error, NetlinkFailure failure, string remedy)
    {
        NetlinkException exception = KernelError.ToException("trying it", error);

        exception.Failure.Should().Be(failure);
        exception.ErrorNumber.Should().Be(error);
        exception.Message.Should().StartWith("trying it: ").And.Contain(remedy);
    }

    [Fact]
    public void StructuresHaveTheSizesOfTheHeaders()
    {
        Unsafe.SizeOf<NetlinkAddress>().Should().Be((int)NetlinkAddress.Size);
        Unsafe.SizeOf<FilterInstruction>().Should().Be(8);
    }
}
