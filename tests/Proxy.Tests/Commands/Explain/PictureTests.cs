using System.Diagnostics;
using System.Xml.Linq;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>The pictures: complete, without overlaps, and what a browser shows.</summary>
public sealed class PictureTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Theory]
    [InlineData("field-echoheaders", "172.16.80.130", "10.100.92.97:80", "iptables")]
    [InlineData("field-ingress-nginx-cluster", "outside", "10.33.151.160:443", "both")]
    [InlineData("field-ingress-nginx-local", "node", "10.33.151.160:443", "nftables")]
    [InlineData("clusterip-100-endpoints", "node", "10.96.100.100:7000", "both")]
    public async Task NoBoxLiesOnAnotherAndEveryTextFits(string name, string from, string to, string mode)
    {
        ExplainRun run = await ExplainRun.WithAsync([.. Cluster(name), "--from", from, "--to", to, "--mode", mode, "-o", "svg"]);

        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        XElement svg = XDocument.Parse(run.Output).Root!;
        int width = (int)svg.Attribute("width")!;
        int height = (int)svg.Attribute("height")!;
        List<(int X, int Y, int Width, int Height)> boxes =
        [
            .. svg.Descendants(s_svg + "rect")
                .Where(rect => ((string?)rect.Attribute("class"))?.StartsWith("box", StringComparison.Ordinal) ?? false)
                .Select(rect => ((int)rect.Attribute("x")!, (int)rect.Attribute("y")!, (int)rect.Attribute("width")!, (int)rect.Attribute("height")!)),
        ];
        boxes.Should().HaveCountGreaterThan(3);
        for (int left = 0; left < boxes.Count; left++)
        {
            boxes[left].Should().Match<(int X, int Y, int Width, int Height)>(box => box.X >= 0 && box.Y >= 0 && box.X + box.Width <= width && box.Y + box.Height <= height);
            for (int right = left + 1; right < boxes.Count; right++)
            {
                Overlap(boxes[left], boxes[right]).Should().BeFalse($"{boxes[left]} and {boxes[right]}");
            }
        }

        // 0.61 em of 12 pixels is as wide as monospaced letters get.
        foreach (XElement text in svg.Descendants(s_svg + "text").Where(text => (string?)text.Attribute("class") != "title"))
        {
            ((int)text.Attribute("x")! + (text.Value.Length * 12 * 0.61)).Should().BeLessThan(width, text.Value);
        }
    }

    [Fact]
    public async Task APageIsOneFileThatNeedsNothingElse()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. Cluster("field-httpserver"), "--from", "outside", "--to", "192.168.0.2:30000", "-o", "html"]);

        run.Output.Should().StartWith("<!DOCTYPE html>").And.Contain("<svg ").And.Contain("Rule by rule")
            .And.NotContain("<script").And.NotContain("<link").And.NotContain("src=\"").And.NotContain("url(").And.NotContain("@import");
    }

    /// <summary>A browser understands the page as it is meant, scripts off. A second start of it, for a picture, is for nightly runs.</summary>
    [Trait("Category", "Browser")]
    [SkippableFact]
    public async Task ABrowserShowsThePage()
    {
        string? browser = FindBrowser();
        Skip.If(browser is null, "no chromium here (apt-get install chromium)");
        ExplainRun run = await ExplainRun.WithAsync([.. Cluster("field-ingress-nginx-cluster"), "--from", "outside", "--to", "10.33.151.160:443", "-o", "html"]);
        string directory = Directory.CreateTempSubdirectory("kps-browser-").FullName;
        try
        {
            string page = Path.Combine(directory, "page.html");
            await File.WriteAllTextAsync(page, run.Output);

            string dom = await BrowseAsync(browser!, directory, "--dump-dom", page);

            dom.Should().Contain("25 %").And.Contain("192.168.103.142:443").And.Contain("</svg>").And.Contain("MASQUERADE --random-fully");
            if (Nightly.IsOn)
            {
                string picture = Path.Combine(directory, "page.png");
                await BrowseAsync(browser!, directory, $"--screenshot={picture}", page);
                new FileInfo(picture).Length.Should().BeGreaterThan(20_000, "an empty page is smaller");
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<string> BrowseAsync(string browser, string directory, string what, string page)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(browser)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
                ArgumentList =
                {
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--window-size=1600,1400", $"--user-data-dir={Path.Combine(directory, "profile")}",
                    what, new Uri(page).AbsoluteUri,
                },
            },
        };
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        process.Start();
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            process.ExitCode.Should().Be(0, await errors);
            return output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static string? FindBrowser() => Array.Find(["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"], File.Exists);

    private static string[] Cluster(string name) =>
        ["-f", $"tests/golden/recorded/cases/{name}/input", "--config", $"tests/golden/recorded/cases/{name}/config.yaml", "--node", "node-a"];

    private static bool Overlap((int X, int Y, int Width, int Height) left, (int X, int Y, int Width, int Height) right) =>
        left.X < right.X + right.Width && right.X < left.X + left.Width && left.Y < right.Y + right.Height && right.Y < left.Y + left.Height;
}
