using System.Net.Sockets;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Counters;

/// <summary>The messages of linux/netfilter/nfnetlink_acct.h, with an answer that waits already, as the kernel's does.</summary>
public sealed class NfacctRequestsTests
{
    /// <summary>A reading of the counter "abc" with 258 packets: name, packets, bytes.</summary>
    private const string Reading =
        "34000000" + "0007" + "0000" + "01000000" + "00000000" + "00000000"
        + "0800" + "0100" + "61626300"
        + "0c00" + "0200" + "0000000000000102"
        + "0c00" + "0300" + "0000000000000009";

    private const string Acknowledgement = "2400000002000000010000000000000000000000" + "1c000000000705060100000000000000";
    private const string AlreadyThere = "24000000020000000100000000000000efffffff" + "1c000000000705060100000000000000";

    [Fact]
    public void PacketsAreRead() => Ask(Reading, static kernel => NfacctRequests.Read(kernel, "abc"))
        .Should().Be(((ulong?)258, "1c000000010701000100000000000000000000000800010061626300"));

    [Theory]
    [InlineData(Acknowledgement, 0)]
    [InlineData(AlreadyThere, Errno.Exists)]
    [InlineData("24000000020000000100000000000000ef", Errno.Protocol)]
    public void ACounterIsMade(string answer, int error) => Ask(answer, static kernel => NfacctRequests.Create(kernel, "abc"))
        .Should().Be((error, "1c000000000705060100000000000000000000000800010061626300"));

    [Fact]
    public void CutMessagesAndErrorsHaveNoPackets()
    {
        for (int length = 2; length < Reading.Length; length += 2)
        {
            Ask(Reading[..length], static kernel => NfacctRequests.Read(kernel, "abc")).Result.Should().BeNull();
        }

        Ask(AlreadyThere, static kernel => NfacctRequests.Read(kernel, "abc")).Result.Should().BeNull();
    }

    [Fact]
    public void AllCountersAreListed()
    {
        const string Second = "1c000000" + "0007" + "0200" + "01000000" + "00000000" + "00000000" + "0600" + "0100" + "78000000";
        const string Done = "14000000" + "0300" + "0200" + "01000000" + "00000000" + "00000000";
        List<(string, ulong)> counters = [];

        Ask(Reading + Second + Done, kernel => NfacctRequests.List(kernel, (name, packets) => counters.Add((System.Text.Encoding.UTF8.GetString(name), packets))))
            .Should().Be((0, "140000000107010301000000000000000000000000".PadRight(40, '0')[..40]));

        counters.Should().Equal(("abc", 258), ("x", 0));
    }

    [Theory]
    [InlineData(Acknowledgement, 0)]
    [InlineData("240000000200000001000000" + "00000000" + "f0ffffff" + "1c000000000705060100000000000000", 16)]
    public void ACounterIsDeleted(string answer, int error) => Ask(answer, static kernel => NfacctRequests.Delete(kernel, "abc"u8))
        .Should().Be((error, "1c000000030705000100000000000000000000000800010061626300"));

    /// <summary>What comes of an answer, and what was asked.</summary>
    private static (T Result, string Request) Ask<T>(string answer, Func<NetlinkConnection, T> ask)
    {
        using Socket listener = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        UnixDomainSocketEndPoint place = new("\0nfacct-" + Guid.NewGuid().ToString("N"));
        listener.Bind(place);
        listener.Listen();
        using Socket kernel = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        kernel.Connect(place); // the end without a name is the one that looks like the kernel
        using Socket own = listener.Accept();
        kernel.Send(Convert.FromHexString(answer));
        using NetlinkConnection connection = new(NetlinkSocket.FromHandle(new SafeFileHandle(own.Handle, ownsHandle: false), TimeSpan.FromSeconds(1)), 1024);
        T result = ask(connection);
        byte[] request = new byte[256];
        return (result, Convert.ToHexStringLower(request.AsSpan(0, kernel.Receive(request))));
    }
}
