using System.Text;
using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Conntrack;

/// <summary>The kernel's table through ctnetlink, next to what the conntrack tool says about it.</summary>
[Trait("Category", "Netns")]
public sealed class ConntrackTableTests
{
    public static TheoryData<string, ConntrackFilter> Filters() => new()
    {
        { "all", ConntrackFilter.All },
        { "IPv6", new() { Family = IpFamily.IPv6 } },
        { "UDP", new() { Protocol = 17 } },
        { "SCTP of IPv4", new() { Family = IpFamily.IPv4, Protocol = 132 } },
        { "destination", new() { Family = IpFamily.IPv4, Destination = IpAddress.Parse("10.96.0.10") } },
        { "IPv6 source and port", new() { Family = IpFamily.IPv6, Protocol = 17, Source = IpAddress.Parse("fd00::1"), DestinationPort = 53 } },
        { "port", new() { Protocol = 17, DestinationPort = 53, SourcePort = 2002 } },
        { "mark", new() { Mark = 7 } },
        { "mark under a mask", new() { Mark = 64, MarkMask = 64 } },
        { "zone", new() { Zone = 5 } },
        { "zone of one direction", new() { Zone = 6 } },
        { "default zone", new() { Zone = 0 } },
        { "status", new() { Status = ConntrackStatus.SeenReply, StatusMask = ConntrackStatus.SeenReply } },
        { "status that is not", new() { StatusMask = ConntrackStatus.SeenReply } },
        { "UDP of both families to a port", new() { Protocol = 17, DestinationPort = 53 } },
        { "source", new() { Family = IpFamily.IPv4, Source = IpAddress.Parse("10.0.0.1") } },
        { "nothing", new() { Protocol = 47 } },
    };

    [SkippableFact]
    public void ListsWhatTheToolLists() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.Fill();
            using ConntrackTable table = ConntrackTable.Open();

            List<ConntrackEntry> listed = Read(table, ConntrackFilter.All);

            listed.Should().HaveCount(MixedTable.Count);
            List<ConntrackEntry> printed = [.. Print("ipv4"), .. Print("ipv6")];
            listed.Select(Comparable).Should().BeEquivalentTo(printed.Select(Comparable));
            table.ReadSize().Entries.Should().Be(MixedTable.Count);
            table.ReadSize().Limit.Should().BePositive();
            table.ReadStatistics().Should().HaveCount(Environment.ProcessorCount);
        },
        "conntrack");

    [SkippableTheory]
    [MemberData(nameof(Filters))]
    public void FiltersGiveWhatComparingEveryFlowGives(string name, ConntrackFilter filter) => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.Fill();
            using ConntrackTable table = ConntrackTable.Open();
            List<ConntrackEntry> all = Read(table, ConntrackFilter.All);

            List<ConntrackEntry> filtered = Read(table, filter);

            filtered.Select(Comparable).Should().BeEquivalentTo(all.FindAll(entry => filter.Matches(entry)).Select(Comparable), name);
        },
        "conntrack");

    /// <summary>Kernels from 5.8 on select by tuple themselves.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4, 5)]
    [InlineData(IpFamily.IPv6, 1)]
    public void TheKernelSelectsTheProtocol(IpFamily family, int expected) => NetworkNamespace.RunOrSkip(
        () =>
        {
            Skip.If(Environment.OSVersion.Version < new Version(5, 8), "the kernel is older than 5.8");
            MixedTable.Fill();
            using ConntrackTable table = ConntrackTable.Open();
            using ConntrackDump dump = table.Dump(new() { Family = family, Protocol = 17 });

            int count = 0;
            foreach (ref readonly ConntrackEntry entry in dump)
            {
                count++;
            }

            count.Should().Be(expected);
            dump.PassedOver.Should().Be(0);
        },
        "conntrack");

    /// <summary>Else flows would be read the slow way, which nobody would notice.</summary>
    [SkippableFact]
    public void TheKernelWritesTuplesInTheUsualForm() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.Fill();
            using NetlinkConnection kernel = new(NetlinkSocket.Open());
            kernel.Send(kernel.Begin(MessageType.Get, NetlinkHeader.Dump));
            int tuples = 0;
            while (kernel.TryRead(out NetlinkMessage message))
            {
                EntryParser.Parse(message, out ConntrackEntry entry);
                AttributeReader attributes = message.Attributes;
                while (attributes.Read())
                {
                    if (attributes.Type is AttributeType.TupleOriginal or AttributeType.TupleReply && !entry.Original.IsIcmp && entry.ZoneScope == ZoneScope.Both)
                    {
                        CommonTuple.TryRead(attributes.Value, entry.Family, out _).Should().BeTrue();
                        tuples++;
                    }
                }
            }

            tuples.Should().BeGreaterThan(10);
        },
        "conntrack");

    [SkippableFact]
    public void EveryFlowIsFoundAndDeletedAlone() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.Fill();
            using ConntrackTable table = ConntrackTable.Open();
            List<ConntrackEntry> left = Read(table, ConntrackFilter.All);
            while (left.Count > 0)
            {
                ConntrackEntry entry = left[0];
                table.TryGet(entry, out ConntrackEntry found).Should().BeTrue();
                Comparable(found).Should().Be(Comparable(entry));
                found.Id.Should().Be(entry.Id);
                table.Delete(entry with { Id = entry.Id + 1 }).Should().BeFalse("the id is another one");

                table.Delete(entry).Should().BeTrue();

                table.TryGet(entry, out _).Should().BeFalse();
                table.Delete(entry).Should().BeFalse();
                left.RemoveAt(0);
                Read(table, ConntrackFilter.All).Select(Comparable).Should().BeEquivalentTo(left.Select(Comparable));
            }
        },
        "conntrack");

    [SkippableFact]
    public void AListingThatIsLeftDoesNotSpoilTheNext() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.FillUdp("10.96.0.10:53", "10.244.1.5:53", 5000);
            using ConntrackTable table = ConntrackTable.Open();
            using (ConntrackDump dump = table.Dump(ConntrackFilter.All))
            {
                dump.MoveNext().Should().BeTrue();
                Action second = () => table.Dump(ConntrackFilter.All);
                second.Should().Throw<InvalidOperationException>();
            }

            Read(table, ConntrackFilter.All).Should().HaveCount(5000);
        },
        "conntrack");

    [SkippableFact]
    public void AnEmptyNamespaceHasNoFlows() => NetworkNamespace.RunOrSkip(() =>
    {
        using ConntrackTable table = ConntrackTable.Open();

        Read(table, ConntrackFilter.All).Should().BeEmpty();
        table.ReadSize().Entries.Should().Be(0);
    });

    internal static List<ConntrackEntry> Read(ConntrackTable table, ConntrackFilter filter)
    {
        List<ConntrackEntry> entries = [];
        using ConntrackDump dump = table.Dump(filter);
        foreach (ref readonly ConntrackEntry entry in dump)
        {
            entries.Add(entry);
        }

        dump.IsInterrupted.Should().BeFalse();
        return entries;
    }

    /// <summary>A flow without what passes with time, and without status bits that the tool does not print.</summary>
    private static ConntrackEntry Comparable(ConntrackEntry entry) => entry with
    {
        TimeoutSeconds = 0,
        Status = entry.Status & (ConntrackStatus.SeenReply | ConntrackStatus.Assured),
    };

    private static IEnumerable<ConntrackEntry> Print(string family) =>
        ConntrackText.Read(new MemoryStream(Encoding.UTF8.GetBytes(ChildProcess.Run("conntrack", "", "-L", "-f", family, "-o", "extended,id"))));
}
