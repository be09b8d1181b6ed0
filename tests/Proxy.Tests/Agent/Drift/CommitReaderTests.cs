using System.Buffers.Binary;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Agent.Drift;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift;

public sealed class CommitReaderTests
{
    private const int NewRule = 6;
    private const int DeletedRule = 8;
    private const int NewGeneration = 15;

    [Theory]
    [InlineData("KUBE-SERVICES", true)]
    [InlineData("KUBE-SVC-ABCDEFGHIJKLMNOP", true)]
    [InlineData("KUBE-FW-ABCDEFGHIJKLMNOP", true)]
    [InlineData("KUBE-FIREWALL", true)]
    [InlineData("KUBE-SERVICES-OF-OTHERS", false)]
    [InlineData("KUBE-KUBELET-CANARY", false)]
    [InlineData("KUBE-ROUTER-FORWARD", false)]
    [InlineData("KUBE-NWPLCY-DEFAULT", false)]
    public void OnlyTheProxysChainsAreOurs(string chain, bool isOurs)
    {
        Commit commit = Read(RuleStore.IptablesChains, [.. Change(NewRule, 2, "nat", chain), .. Committed()]).Should().ContainSingle().Subject;

        (commit.FirstObject is not null).Should().Be(isOurs);
        commit.Generation.Should().Be(new Generation(7, 1234, "iptables", 99));
    }

    [Theory]
    [InlineData(10, "nat")]
    [InlineData(2, "raw")]
    public void OtherFamiliesAndTablesAreNotOurs(byte family, string table) =>
        Read(RuleStore.IptablesChains, [.. Change(NewRule, family, table, "KUBE-SERVICES"), .. Committed()])
            .Should().ContainSingle().Which.FirstObject.Should().BeNull();

    [Fact]
    public void WhatIsRemovedAndAddedAgainIsARewrite()
    {
        byte[] removal = Change(DeletedRule, 2, "kube-proxy", "services");
        byte[] addition = Change(NewRule, 2, "kube-proxy", "services");

        Commit[] commits = Read(RuleStore.KubeProxyTable, [.. removal, .. addition, .. Committed(), .. removal, .. Committed(), .. Committed()]);

        commits.Select(commit => commit.Rewrites).Should().Equal(true, false, false);
        commits[1].FirstObject.Should().Be("removed a rule of chain services in table ip kube-proxy");
        commits[2].FirstObject.Should().BeNull("a commit begins with nothing");
    }

    [Fact]
    public void NoBytesAreTooBroken()
    {
        byte[] good = [.. Change(NewRule, 2, "kube-proxy", "services"), .. Committed()];
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bad = good[..random.Next(good.Length + 1)];
            for (int flips = random.Next(4); flips > 0 && bad.Length > 0; flips--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            try
            {
                Read(RuleStore.KubeProxyTable, bad);
            }
            catch (NetlinkException e)
            {
                e.Failure.Should().Be(NetlinkFailure.MalformedMessage);
            }
        }
    }

    private static Commit[] Read(RuleStore store, byte[] datagram)
    {
        List<Commit> commits = [];
        new CommitReader(new(IpFamily.IPv4, store)).Read(datagram, commits.Add);
        return [.. commits];
    }

    private static byte[] Change(byte type, byte family, string table, string chain) => Message(type, family, [.. Text(1, table), .. Text(2, chain)]);

    private static byte[] Committed() => Message(NewGeneration, 0, [.. Number(1, 7), .. Number(2, 1234), .. Text(3, "iptables")]);

    private static byte[] Message(byte type, byte family, byte[] attributes)
    {
        byte[] message = new byte[20 + attributes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        message[4] = type;
        message[5] = 10;
        message[12] = 99;
        message[16] = family;
        attributes.CopyTo(message, 20);
        return message;
    }

    private static byte[] Number(byte type, int value)
    {
        byte[] attribute = [8, 0, type, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(attribute.AsSpan(4), value);
        return attribute;
    }

    private static byte[] Text(byte type, string text)
    {
        byte[] attribute = new byte[(4 + text.Length + 1 + 3) & ~3];
        attribute[0] = (byte)(4 + text.Length + 1);
        attribute[2] = type;
        Encoding.ASCII.GetBytes(text).CopyTo(attribute, 4);
        return attribute;
    }
}
