using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Commands.ExplainPage;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Observability.Status;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.ExplainPage;

public sealed partial class AgentExplanationTests
{
    private static readonly int[] s_widths = [1400, 390];

    /// <summary>The agent has no objects beside its rules, and looks at few of its Services: the answers are those of explain all the same.</summary>
    [Theory]
    [InlineData("clusterip-100-endpoints", "nftables")]
    [InlineData("field-echoheaders", "iptables")]
    [InlineData("field-ingress-nginx-cluster", "nftables")]
    [InlineData("cluster-ipv6-primary", "iptables")]
    public async Task AnswersAreThoseOfExplain(string name, string mode)
    {
        (AgentExplanation page, FamilyRules[] rules) = Read(name, mode);
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        ServiceList list = ServiceList.Find("", rules);
        list.Items.Should().NotBeEmpty();
        foreach (string to in list.Items.SelectMany(static service => service.Ports).SelectMany(static port => port.NodePort == 0 ? [port.To] : (string[])[port.To, port.ToNodePort]))
        {
            foreach (string from in (string[])["outside", "node"])
            {
                ExplainRun run = await ExplainRun.WithAsync([
                    "-f", Path.Combine(directory, "objects.json"), "--config", Path.Combine(directory, "config.yaml"), "--node", node.Name, "--mode", mode,
                    .. node.Addresses.SelectMany(static address => (string[])["--node-address", address.ToString()]), "--from", from, "--to", to, "-o", "html"]);

                ExplainPageAnswer answer = page.Write(rules, new(from, to));

                run.ExitCode.Should().Be(0, run.Errors);
                answer.IsAnswered.Should().BeTrue($"{from} -> {to}");
                Answers(answer.Html).Should().Equal(Answers(run.Output), $"{from} -> {to}");
            }
        }
    }

    [Theory]
    [InlineData("svc:shop/none", "this node has no Service shop/none")]
    [InlineData("svc:<script>/x", "this node has no Service &lt;script&gt;/x")]
    [InlineData("nonsense", "to nonsense: give ADDRESS:PORT")]
    [InlineData("10.96.0.10:99999", "is not a port")]
    public void AWrongQuestionIsExplained(string to, string message)
    {
        ExplainPageAnswer answer = Sample().Write(s_sample, new("outside", to));

        answer.IsAnswered.Should().BeFalse();
        answer.Html.Should().Contain(message).And.NotContain("<script").And.NotContain("--to").And.Contain("<form method=\"get\"");
    }

    [Theory]
    [InlineData("pod:shop/client", "the agent knows no Pods; give the address of the Pod")]
    [InlineData("\"><script>", "give an address")]
    [InlineData("fd00::9", "no Service shop/web with a cluster IP of family IPv6")]
    public void AWrongSourceIsExplained(string from, string message)
    {
        ExplainPageAnswer answer = Sample().Write(s_sample, new(from, "svc:shop/web"));

        answer.IsAnswered.Should().BeFalse();
        answer.Html.Should().Contain(message).And.NotContain("<script").And.NotContain("--from");
    }

    [Fact]
    public void WithoutAQuestionThereIsAForm()
    {
        ExplainPageAnswer answer = Sample().Write(s_sample, new("outside", ""));

        answer.IsAnswered.Should().BeTrue();
        answer.Html.Should().Contain("name=\"to\"").And.Contain("value=\"outside\"").And.Contain("<option>10.244.1.5</option>").And.NotContain("10.244.1.6").And.EndWith("</html>\n");
    }

    /// <summary>A pod of this node is recognised by its address, as an endpoint.</summary>
    [Fact]
    public void APodOfThisNodeIsASource()
    {
        ExplainPageAnswer answer = Sample().Write(s_sample, new("10.244.1.5", "svc:shop/web"));

        answer.Html.Should().Contain("an endpoint on this node").And.Contain("10.244.1.6:8080");
    }

    [Fact]
    public void AFamilyThatIsNotWrittenHasNoAnswer()
    {
        ExplainPageAnswer answer = Sample().Write([s_sample[0]], new("outside", "[fd00::1]:80"));

        answer.IsAnswered.Should().BeFalse();
        answer.Html.Should().Contain("writes no IPv6 rules");
    }

    /// <summary>The picture and the text are of the Services that the packet can meet, whatever else there is.</summary>
    [Fact]
    public void TheCostDoesNotGrowWithTheCluster()
    {
        RuleModelSnapshot large = Samples.Model(
            [Samples.Service, .. Enumerable.Range(0, 3000).Select(static number => Samples.Service with { Name = new("x", string.Create(CultureInfo.InvariantCulture, $"s{number}")), ClusterIP = Address(number), ClusterIPs = [Address(number)] })],
            s_slices);
        AgentExplanation page = Sample();
        page.Write(s_sample, new("outside", "svc:shop/web"));

        long before = GC.GetAllocatedBytesForCurrentThread();
        ExplainPageAnswer answer = page.Write([large.IPv4, large.IPv6], new("outside", "svc:shop/web"));

        answer.IsAnswered.Should().BeTrue();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(8 * 1024 * 1024);

        static string Address(int number) => string.Create(CultureInfo.InvariantCulture, $"10.97.{number / 250}.{1 + (number % 250)}");
    }

    [SkippableTheory]
    [Trait("Category", "Browser")]
    [InlineData("clusterip-100-endpoints", "10.96.100.100:7000")]
    [InlineData("cluster-ipv6-primary", "[fd00:1234:5678:9abc:def0:1234:5678:9abc]:30080")]
    [InlineData("cluster-ipv6-primary", "svc:no/such")]
    public async Task ABrowserShowsThePageWithoutScrollingSideways(string name, string to)
    {
        Skip.If(Browser.Path is null, "no chromium here (apt-get install chromium)");
        (AgentExplanation page, FamilyRules[] rules) = Read(name, "nftables");
        string html = page.Write(rules, new("outside", to)).Html;
        foreach (int width in s_widths)
        {
            string dom = await Browser.ShowAsync($"<title>x</title><iframe style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{WebUtility.HtmlEncode(html)}\" onload=\"document.title = 'width ' + this.contentDocument.documentElement.scrollWidth\"></iframe>");

            int.Parse(dom.Split("<title>width ")[1].Split('<')[0], CultureInfo.InvariantCulture).Should().BeLessThanOrEqualTo(width);
        }
    }

    private static readonly RuleModel.Inputs.EndpointSlice[] s_slices = [Samples.Slice(Samples.Endpoint("10.244.1.5", "ready local"), Samples.Endpoint("10.244.1.6"))];

    private static readonly FamilyRules[] s_sample = [Samples.Model([Samples.Service], s_slices).IPv4, Samples.Model([Samples.Service], s_slices).IPv6];

    private static AgentExplanation Sample() =>
        new(new KubeProxyConfiguration { Mode = ProxyMode.Nftables }, RandomCluster.NodeName) { ReadAddresses = static () => [.. Nodes.Addresses.AsSpan()] };

    private static (AgentExplanation Page, FamilyRules[] Rules) Read(string name, string mode)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        KubeProxyConfiguration configuration = ModelLoader.ReadConfiguration(directory) with { Mode = mode };
        RuleModelSnapshot model = new ClusterInput(ModelLoader.ReadObjects(Path.Combine(directory, "objects.json")), configuration, mode).Build(node.Name, node.Addresses, []);
        return (new(configuration, node.Name) { ReadAddresses = () => node.Addresses }, [model.IPv4, model.IPv6]);
    }

    /// <summary>The answers in one line each, without the nodes of endpoints elsewhere: rules do not have these.</summary>
    private static string[] Answers(string html) => [.. Headings().Matches(html).Select(static match => OtherNode().Replace(match.Value, ""))];

    [GeneratedRegex(", on node node-[^a]", RegexOptions.None, 10_000)]
    private static partial Regex OtherNode();

    [GeneratedRegex("<h2>.*?</h2>", RegexOptions.None, 10_000)]
    private static partial Regex Headings();
}
