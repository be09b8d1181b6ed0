using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Observability.Status;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Observability.Status;

public sealed partial class ServiceListTests
{
    private static readonly RuleModelSnapshot s_model = Samples.Model(
        [
            .. Enumerable.Range(0, 500).Select(static number => Samples.Service with
            {
                Name = new(number % 2 == 0 ? "shop" : "bank", string.Create(CultureInfo.InvariantCulture, $"s{number:d4}")),
                ClusterIP = Address(number),
                ClusterIPs = [Address(number)],
            }),
            Samples.LoadBalancer,
            Samples.Service with { Name = new("two", "families"), ClusterIP = "10.98.0.1", ClusterIPs = ["10.98.0.1", "fd00::8"], IpFamilies = ["IPv4", "IPv6"] },
            Samples.Service with { Name = new("six", "only"), ClusterIP = "fd00::7", ClusterIPs = ["fd00::7"], IpFamilies = ["IPv6"] },
        ],
        [Samples.Slice(Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.6", ""))]);

    private static readonly FamilyRules[] s_rules = [s_model.IPv4, s_model.IPv6];

    [Fact]
    public void AllAreCountedAndTheFirstListed()
    {
        ServiceList list = ServiceList.Find("", s_rules);

        list.Total.Should().Be(503);
        list.Items.Should().HaveCount(ServiceList.MostItems);
        list.More.Should().Be(303);
        list.Items.Select(static item => item.Name).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData("shop/s00", 50)]
    [InlineData("SIX/ONLY", 1)]
    [InlineData("web", 1)]
    [InlineData(" 198.51.100.7 ", 1)]
    [InlineData("30080", 1)]
    [InlineData("fd00::7", 1)]
    [InlineData("fd00::8", 1)]
    [InlineData("10.96.9.9.9", 0)]
    [InlineData("<b>", 0)]
    public void NamesAddressesAndNodePortsAreFound(string query, int total)
    {
        // Half of shop/s00xx: the numbers that are even.
        ServiceList.Find(query, s_rules).Total.Should().Be(total);
    }

    /// <summary>Each link is a question that is understood.</summary>
    [Fact]
    public void EachServiceHasLinksToItsPorts()
    {
        string page = StatusPage.Write(StatusOf(), ServiceList.Find("web", s_rules));

        string[] links = [.. Links().Matches(page).Select(static match => Uri.UnescapeDataString(WebUtility.HtmlDecode(match.Groups["to"].Value)))];
        links.Should().Equal("svc:shop/web:80/tcp", "svc:shop/web:80/tcp", "192.0.2.10:30080/tcp");
        Array.ForEach(links, static link => PacketDestination.Parse(link));
        page.Should().Contain("1 match.").And.Contain("1 of 2 endpoints in use").And.Contain("http 80/tcp");
    }

    [Fact]
    public void ThePageSaysWhatIsLeftOutAndEscapesTheSearch()
    {
        StatusPage.Write(StatusOf(), ServiceList.Find("", s_rules)).Should().Contain("503 have rules; the first 200 are listed and 303 are left out: search for them");
        StatusPage.Write(StatusOf(), ServiceList.Find("\"><script>", s_rules)).Should().NotContain("<script").And.Contain("value=\"&quot;&gt;&lt;script&gt;\"").And.Contain("No Service matches");
        StatusPage.Write(StatusOf(), ServiceList.Find("", [])).Should().Contain("No Service has rules on this node");
    }

    [SkippableTheory]
    [Trait("Category", "Browser")]
    [InlineData(1400)]
    [InlineData(390)]
    public async Task ABrowserShowsTheListWithoutScrollingSideways(int width)
    {
        Skip.If(Browser.Path is null, "no chromium here (apt-get install chromium)");
        string name = new('n', 63);
        Service wide = Samples.LoadBalancer with { Name = new(name, name), Ports = [.. Enumerable.Range(1, 12).Select(static port => new ServicePort { Name = string.Create(CultureInfo.InvariantCulture, $"a-long-port-{port}"), Port = port, NodePort = 30000 + port })] };
        string page = StatusPage.Write(StatusOf(), ServiceList.Find("", [Samples.Model([wide, Samples.Service], []).IPv4]));

        string dom = await Browser.ShowAsync($"<title>x</title><iframe style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{WebUtility.HtmlEncode(page)}\" onload=\"document.title = 'width ' + this.contentDocument.documentElement.scrollWidth\"></iframe>");

        dom.Should().Contain("and 2 more ports");
        int.Parse(dom.Split("<title>width ")[1].Split('<')[0], CultureInfo.InvariantCulture).Should().BeLessThanOrEqualTo(width);
    }

    private static StatusReport StatusOf() => new(
        1, DateTimeOffset.UnixEpoch, new(true, true, true, true, "", []), new("node-a", "nftables", "netlink", "1", "", "", "v1", "6.1", DateTimeOffset.UnixEpoch), [],
        new("manifests", null, [], "", null), new(0, []), new(0, 0, [], []), new(null, null, 0, [], ""), new(0, []), null);

    private static string Address(int number) => string.Create(CultureInfo.InvariantCulture, $"10.97.{number / 250}.{1 + (number % 250)}");

    [GeneratedRegex("href=\"/explain\\?to=(?<to>[^\"]*)\"", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Links();
}
