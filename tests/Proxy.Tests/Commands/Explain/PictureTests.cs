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
        foreach (XElement rules in svg.Elements(s_svg + "g"))
        {
            CheckBoxes(rules, width, height);
        }

        // 0.61 em of 12 pixels is as wide as monospaced letters get.
        foreach (XElement text in svg.Descendants(s_svg + "text").Where(text => (string?)text.Attribute("class") != "title"))
        {
            ((int)text.Attribute("x")! + (text.Value.Length * 12 * 0.61)).Should().BeLessThan(width, text.Value);
        }
    }

    /// <summary>Boxes of one set of rules; those of another are in a group that is moved down.</summary>
    private static void CheckBoxes(XElement picture, int width, int height)
    {
        List<(int X, int Y, int Width, int Height)> boxes =
        [
            .. picture.Descendants(s_svg + "rect")
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
    }

    [Fact]
    public async Task APageIsOneFileThatNeedsNothingElse()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. Cluster("field-httpserver"), "--from", "outside", "--to", "192.168.0.2:30000", "-o", "html"]);

        run.Output.Should().StartWith("<!DOCTYPE html>").And.Contain("<svg ").And.Contain("Rule by rule")
            .And.NotContain("<script").And.NotContain("<link").And.NotContain("src=\"").And.NotContain("url(").And.NotContain("@import");
    }

    /// <summary>The routes of the endpoint's node are not given: that is open of the answer, and the packet arrives all the same.</summary>
    [Fact]
    public async Task WhatIsNotKnownOfTheAnswerIsDrawnBehindWhereThePacketArrives()
    {
        ExplainRun run = await ExplainRun.WithAsync(
            [.. Cluster("field-httpserver"), "--from", "outside", "--to", "192.168.0.2:30000", "--routes", "tests/golden/explain/routes/node-a.json", "-o", "dot"]);

        int endpoint = run.Output.IndexOf("sees ", StringComparison.Ordinal);
        endpoint.Should().BePositive(run.Output + run.Errors);
        run.Output.IndexOf("not known: the way back from node-b", StringComparison.Ordinal).Should().BeGreaterThan(endpoint, run.Output);
    }

    private static string[] Cluster(string name) =>
        ["-f", $"tests/golden/recorded/cases/{name}/input", "--config", $"tests/golden/recorded/cases/{name}/config.yaml", "--node", "node-a"];

    private static bool Overlap((int X, int Y, int Width, int Height) left, (int X, int Y, int Width, int Height) right) =>
        left.X < right.X + right.Width && right.X < left.X + left.Width && left.Y < right.Y + right.Height && right.Y < left.Y + left.Height;
}
