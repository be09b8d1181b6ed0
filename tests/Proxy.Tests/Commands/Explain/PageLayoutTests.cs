using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>
/// The page in a real browser, measured at the width of a screen and of a phone: nothing is wider than the window, no text lies on
/// another or leaves its picture, and one picture of each set of rules is shown.
/// </summary>
[Trait("Category", "Browser")]
public sealed partial class PageLayoutTests
{
    /// <summary>A screen, and the phones that are usual.</summary>
    private static readonly int[] s_widths = [1400, 390, 360];

    /// <summary>Measures a page inside of a frame: a browser without a screen makes no window narrower than 500 pixels.</summary>
    private const string Measure =
        """
        <script>
        const found = [];
        const frames = [...document.querySelectorAll('iframe')];
        Promise.all(frames.map(frame => new Promise(done => { frame.onload = done; frame.srcdoc = frame.dataset.page; }))).then(() => {
          for (const frame of frames) {
            const page = frame.contentDocument;
            const shown = [...page.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0);
            const problems = [];
            for (const svg of shown) {
              const area = svg.getBoundingClientRect();
              const texts = [...svg.querySelectorAll('text')].map(text => ({ text: text.textContent, box: text.getBoundingClientRect() }));
              for (const [index, one] of texts.entries()) {
                if (one.box.left < area.left || one.box.right > area.right || one.box.top < area.top || one.box.bottom > area.bottom) { problems.push('cut: ' + one.text); }
                for (const other of texts.slice(index + 1)) {
                  // Lines of text are 16 pixels apart, and some fonts are a little higher.
                  if (one.box.left < other.box.right && other.box.left < one.box.right && one.box.top + 3 < other.box.bottom && other.box.top + 3 < one.box.bottom) { problems.push(one.text + ' / ' + other.text); }
                }
              }
              for (const rect of svg.querySelectorAll('rect.box')) {
                const box = rect.getBoundingClientRect();
                for (const text of texts) {
                  const inside = text.box.left >= box.left && text.box.right <= box.right && text.box.top >= box.top - 1 && text.box.bottom <= box.bottom + 1;
                  const outside = text.box.left >= box.right || text.box.right <= box.left || text.box.top + 3 >= box.bottom || text.box.bottom - 3 <= box.top;
                  if (!inside && !outside) { problems.push('across an edge: ' + text.text); }
                }
              }
            }
            const scale = Math.min(...shown.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width));
            found.push({ width: frame.clientWidth, scroll: page.documentElement.scrollWidth, pictures: shown.length, scale, text: page.body.innerText, problems });
          }
          const result = document.createElement('pre');
          result.id = 'measures';
          result.textContent = JSON.stringify(found);
          document.body.replaceChildren(result);
        });
        </script>
        """;

    public static TheoryData<string> Situations() => [.. s_situations.Keys];

    private static readonly Dictionary<string, string[]> s_situations = new(StringComparer.Ordinal)
    {
        ["hundred endpoints, both modes"] = [.. Cluster("clusterip-100-endpoints"), "--from", "outside", "--to", "10.96.100.100:7000"],
        ["hairpin among ten"] = [.. Cluster("field-echoheaders"), "--from", "172.16.80.130", "--to", "10.100.92.97:80", "--mode", "iptables"],
        ["four endpoints"] = [.. Cluster("field-ingress-nginx-cluster"), "--from", "outside", "--to", "10.33.151.160:443"],
        ["IPv6"] = [.. Cluster("cluster-ipv6-primary"), "--from", "2001:db8:ffff:1234:5678:9abc:def0:1234", "--to", "[fd00:1234:5678:9abc:def0:1234:5678:9abc]:30080"],
        ["dropped by policy"] = ["--rules", "tests/Proxy.Tests/Commands/Explain/rules/pol.rules", "--from", "203.0.113.9", "--to", "192.0.2.77:80"],
        ["not decided"] = ["--rules", "tests/Proxy.Tests/Commands/Explain/pictures/undecided.rules", "--from", "203.0.113.9", "--to", "192.0.2.77:80"],
        ["over the nodes"] = [.. Cluster("field-httpserver"), "--from", "outside", "--to", "192.168.0.2:30000", "--routes", "tests/golden/explain/routes/node-a.json", "--routes", $"node-b={RepositoryRoot.Golden}/explain/routes/node-b.json"],
        ["an answer that leaves elsewhere"] = [.. Cluster("field-httpserver"), "--from", "203.0.113.77", "--to", "10.33.144.10:30000", "--routes", $"node-a={RepositoryRoot.Golden}/explain/routes/node-a-two-uplinks.json"],
        ["three legs"] = ["-f", "tests/golden/explain/legs/cluster.yaml", "--node", "node-a", "--from", "outside", "--to", "203.0.113.80:443", "--then", "svc:shop/web:http", "--then", "svc:shop/local"],
        ["rules of others"] = ["--rules", "tests/Proxy.Tests/Commands/Explain/rules/eks-kops.rules", "--from", "172.20.43.77", "--to", "93.184.216.34:443"],
    };

    [SkippableTheory]
    [MemberData(nameof(Situations))]
    public async Task APageFitsScreenAndPhone(string situation)
    {
        Skip.If(Browser.Path is null, "no chromium here (apt-get install chromium)");
        ExplainRun run = await ExplainRun.WithAsync([.. s_situations[situation], "-o", "html"]);
        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        StringBuilder outer = new("<!DOCTYPE html><html><body>");
        foreach (int width in s_widths)
        {
            outer.Append(System.Globalization.CultureInfo.InvariantCulture, $"<iframe style=\"width: {width}px; height: 800px; border: 0\" data-page=\"{WebUtility.HtmlEncode(run.Output)}\"></iframe>");
        }

        string dom = await Browser.ShowAsync(outer.Append(Measure).Append("</body></html>").ToString());

        Match measured = Measures().Match(dom);
        measured.Success.Should().BeTrue(dom[..Math.Min(dom.Length, 2000)]);
        using JsonDocument found = JsonDocument.Parse(WebUtility.HtmlDecode(measured.Groups["json"].Value));
        found.RootElement.GetArrayLength().Should().Be(s_widths.Length);
        int sets = run.Output.Split("<figure class=\"narrow").Length - 1;
        foreach (JsonElement page in found.RootElement.EnumerateArray())
        {
            int width = page.GetProperty("width").GetInt32();
            page.GetProperty("scroll").GetInt32().Should().BeLessThanOrEqualTo(width, "nothing is wider than the window");
            page.GetProperty("pictures").GetInt32().Should().Be(sets, $"one picture of each set of rules is shown at {width}");
            page.GetProperty("scale").GetDouble().Should().BeGreaterThan(0.95, "letters keep their size");
            page.GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()).Should().BeEmpty($"at {width}");
            page.GetProperty("text").GetString().Should().Contain("Rule by rule");
        }
    }

    private static string[] Cluster(string name) =>
        ["-f", $"tests/golden/recorded/cases/{name}/input", "--config", $"tests/golden/recorded/cases/{name}/config.yaml", "--node", "node-a"];

    [GeneratedRegex("<pre id=\"measures\">(?<json>.*?)</pre>", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 10_000)]
    private static partial Regex Measures();
}
