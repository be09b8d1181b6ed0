using System.Net.NetworkInformation;
using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Tests.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Conntrack.Tests.Addresses;

/// <summary>A feed over kernels that answer as a test wants, and over the real one in namespaces.</summary>
public sealed class InterfaceAddressFeedTests
{
    [Fact]
    public void EventsKeepTheListingUpToDate()
    {
        using FakeKernel kernel = new(static request => Listing(request, "192.0.2.1", "fe80::1"));
        using FakeKernel reporting = new(static _ => []);
        using InterfaceAddressFeed feed = new(reporting.Connect(), kernel.Connect);
        Texts(feed).Should().Equal("192.0.2.1", "fe80::1");

        reporting.Push([.. AddressDatagram.New("192.0.2.2"), .. AddressDatagram.Delete("fe80::1")]);
        reporting.Push(AddressDatagram.New("192.0.2.3"));
        Texts(feed).Should().Equal("192.0.2.1", "192.0.2.2", "192.0.2.3");

        reporting.Push(AddressDatagram.Delete("192.0.2.3"));
        Texts(feed).Should().Equal("192.0.2.1", "192.0.2.2");
        feed.Listings.Should().Be(1);
    }

    /// <summary>A datagram that does not fit, and one that cannot be read, may have told of anything.</summary>
    [Theory]
    [InlineData(70_000)]
    [InlineData(10)]
    public void WhatCannotBeReadLeadsToANewListing(int length)
    {
        string[] addresses = ["192.0.2.1"];
        using FakeKernel kernel = new(request => Listing(request, addresses));
        using FakeKernel reporting = new(static _ => []);
        using InterfaceAddressFeed feed = new(reporting.Connect(), kernel.Connect);
        Texts(feed).Should().Equal("192.0.2.1");

        addresses = ["192.0.2.2"];
        reporting.Push(new byte[length]);
        reporting.Push(AddressDatagram.New("192.0.2.9")); // gone since: it is not in the listing

        Texts(feed).Should().Equal("192.0.2.2");
        feed.Listings.Should().Be(2);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0)]
    public void AnInterruptedListingIsRepeated(int doneError)
    {
        int listings = 0;
        using FakeKernel kernel = new(request => ++listings < 3
            ? [AddressDatagram.New("192.0.2.9", request.Sequence, flags: (ushort)(doneError == 0 ? 0x12 : 2)), FakeKernel.Done(request, doneError)]
            : Listing(request, "192.0.2.1"));
        using InterfaceAddressFeed feed = new(kernel.Connect(), kernel.Connect);

        Texts(feed).Should().Equal("192.0.2.1");
        listings.Should().Be(3);
    }

    [Fact]
    public void AListingThatIsAlwaysInterruptedFails()
    {
        using FakeKernel kernel = new(static request => [FakeKernel.Done(request, 4)]);
        using InterfaceAddressFeed feed = new(kernel.Connect(), kernel.Connect);

        Action update = () => feed.Update();

        update.Should().Throw<NetlinkException>().Which.Message.Should().Contain("try again");
        kernel.Requests.Should().HaveCount(AddressListing.MaxAttempts)
            .And.AllSatisfy(static request => (request.Type, request.IsDump, request.Bytes.Length).Should().Be(((ushort)22, true, 24)));
    }

    [Fact]
    public void ARefusalIsToldAndTheNextUpdateListsAnew()
    {
        bool isRefused = true;
        using FakeKernel kernel = new(request => isRefused ? [FakeKernel.Error(request, 12)] : Listing(request, "192.0.2.1"));
        using InterfaceAddressFeed feed = new(kernel.Connect(), kernel.Connect);
        Action update = () => feed.Update();
        update.Should().Throw<NetlinkException>().Which.ErrorNumber.Should().Be(12);

        isRefused = false;

        Texts(feed).Should().Equal("192.0.2.1");
    }

    /// <summary>The framework read the same addresses, as long as nothing changed meanwhile.</summary>
    [Trait("Category", "Netns")]
    [SkippableFact]
    public void TheKernelsListingIsTheFrameworks() => NetworkNamespace.RunOrSkip(
        static () =>
        {
            Ip("link set lo up");
            Ip("link add a0 type veth peer name a1");
            Ip("address add 192.0.2.1/24 dev a0");
            Ip("address add 192.0.2.2/24 dev a0");
            Ip("address add 198.51.100.1 peer 198.51.100.2 dev a0");
            Ip("address add 198.51.100.1 peer 198.51.100.3 dev a0");
            Ip("address add 2001:db8::1/64 dev a0");
            Ip("address add 2001:db8:1::1 peer 2001:db8:1::2 dev a0");
            Ip("address add 203.0.113.1/24 dev a1");
            Ip("link set a0 up");

            Until(static () => InterfaceAddressFeed.ReadOnce().SequenceEqual(Framework()), "both read the same");
            InterfaceAddressFeed.ReadOnce().Should().Contain([IpAddress.Parse("198.51.100.1"), IpAddress.Parse("2001:db8:1::1"), IpAddress.Parse("203.0.113.1"), IpAddress.Parse("127.0.0.1")]);
        },
        "ip");

    [Trait("Category", "Netns")]
    [SkippableFact]
    public void TheKernelReportsWhatComesAndGoes() => NetworkNamespace.RunOrSkip(
        static () =>
        {
            using InterfaceAddressFeed feed = InterfaceAddressFeed.Open();
            feed.Update().Should().Equal(Framework());
            foreach (string command in (string[])
                ["link set lo up", "link add a0 type veth peer name a1", "address add 192.0.2.1/24 dev a0", "link set a0 up", "link set a1 up",
                 "address add 2001:db8::1/64 dev a1", "address del 192.0.2.1/24 dev a0", "address add 192.0.2.7/24 dev a1", "link set a1 down", "link del a0"])
            {
                Ip(command);

                // Link-local addresses come a moment after the link.
                Until(() => feed.Update().SequenceEqual(Framework()), command);
            }

            feed.Listings.Should().Be(1);
        },
        "ip");

    /// <summary>More events than the socket holds: the kernel says so, and what is left in the queue is out of date.</summary>
    [Trait("Category", "Netns")]
    [SkippableFact]
    public void LostEventsLeadToANewListing() => NetworkNamespace.RunOrSkip(
        static () =>
        {
            using InterfaceAddressFeed feed = InterfaceAddressFeed.Open();
            feed.Update();
            string path = Path.GetTempFileName();
            try
            {
                IEnumerable<string> names = Enumerable.Range(0, 6000).Select(static number => $"10.{number / 250}.{number % 250}.1/32 dev lo");
                File.WriteAllLines(path, names.Select(static name => $"address add {name}").Concat(names.Skip(10).Select(static name => $"address del {name}")));
                Ip("-batch " + path);
            }
            finally
            {
                File.Delete(path);
            }

            feed.Update().Should().HaveCount(10);
            feed.Listings.Should().Be(2);
        },
        "ip");

    private static IEnumerable<byte[]> Listing(FakeRequest request, params string[] addresses) =>
        [.. addresses.Select(address => AddressDatagram.New(address, request.Sequence)), FakeKernel.Done(request)];

    private static IEnumerable<string> Texts(InterfaceAddressFeed feed) => feed.Update().Select(static address => address.ToString());

    private static IEnumerable<IpAddress> Framework() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(static device => device.GetIPProperties().UnicastAddresses)
        .Select(static address => IpAddress.FromBytes(address.Address.GetAddressBytes()))
        .Distinct()
        .Order();

    private static void Until(Func<bool> condition, string what) => SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)).Should().BeTrue(what);

    private static void Ip(string command) => ChildProcess.Run("ip", "", command.Split(' '));
}
