using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Bundle.Anonymize;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle.Anonymize;

/// <summary>Over all recorded cases: nothing of a bundle is found in its anonymized form, and that gives the same answers.</summary>
public sealed partial class AnonymizedCaseTests
{
    private const int QuestionsOfACase = 4;

    private static readonly AnonymousKey s_key = new([.. "a key of tests"u8]);

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string name in RecordedCases.Cases)
            {
                cases.Add(name, ProxyMode.Iptables);
                cases.Add(name, ProxyMode.Nftables);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NoOriginalAddressIsFound(string name, string mode)
    {
        BundleContents original = RecordedBundle.Of(name, mode);
        BundleAnonymizer anonymizer = new(s_key);

        string text = TextOf(anonymizer.Anonymize(original));

        HashSet<IpAddress> addresses = AddressesIn(TextOf(original));
        HashSet<IpAddress> images = [.. addresses.Select(anonymizer.Addresses.Map)];
        addresses.Should().NotBeEmpty();
        IEnumerable<IpAddress> found = AddressesIn(text).Where(address => addresses.Contains(address) && !images.Contains(address) && !IsBeginningOfKept(address));
        found.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NoOriginalNameIsFound(string name, string mode)
    {
        BundleContents original = RecordedBundle.Of(name, mode);

        BundleContents anonymized = new BundleAnonymizer(s_key).Anonymize(original);

        string text = TextOf(anonymized);
        HashSet<string> keys = [.. JsonKey().Matches(text).Select(static key => key.Groups["key"].Value)];
        foreach (string own in NamesOf(original).Where(own => own.Length > 1 && !NameMap.IsKept(own) && !RuleWords.IsOfTools(own) && !RuleWords.IsOfComments(own) && !keys.Contains(own)))
        {
            Regex.IsMatch(text, $"(?<![A-Za-z0-9]){Regex.Escape(own)}(?![A-Za-z0-9-])", RegexOptions.None, TimeSpan.FromSeconds(10)).Should().BeFalse($"{own} is a name of the original");
        }

        foreach (NamespacedName service in Objects(original).Services.Keys.Where(static service => !NameMap.IsKept(service.Name) || !NameMap.IsKept(service.Namespace)))
        {
            text.Should().NotContain(service.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task AnswersAreTheSame(string name, string mode)
    {
        BundleContents original = RecordedBundle.Of(name, mode);
        BundleAnonymizer anonymizer = new(s_key);
        BundleContents anonymized = anonymizer.Anonymize(original);
        AddressText addresses = new(anonymizer.Addresses);
        using TemporaryBundle before = new(original);
        using TemporaryBundle after = new(anonymized);
        string client = "198.51.100.77";

        foreach ((string address, int port, string protocol) in DestinationsOf(original).Take(QuestionsOfACase))
        {
            string from = address.Contains(':', StringComparison.Ordinal) ? "2001:db8::77" : client;
            ExplainRun first = await ExplainRun.WithAsync("--bundle", before.Path, "--from", from, "--to", Destination(address, port, protocol), "-o", "json", "--interface", "eth0");
            ExplainRun second = await ExplainRun.WithAsync("--bundle", after.Path, "--from", addresses.Map(from)!, "--to", Destination(addresses.Map(address)!, port, protocol), "-o", "json", "--interface", "eth0");

            second.ExitCode.Should().Be(first.ExitCode, second.Errors);
            if (first.Output.Length == 0)
            {
                // A recording without rules of the family.
                first.Errors.Should().Contain("none of the files has");
                second.Errors.Should().Contain("none of the files has");
                continue;
            }

            Outline(second.Output, static text => text).Should().Be(Outline(first.Output, text => addresses.Map(text) ?? text), $"{address}:{port}/{protocol}");
        }
    }

    [Fact]
    public void EachRunChoosesOtherNames()
    {
        BundleContents original = RecordedBundle.Of(RecordedCases.Cases[0], ProxyMode.Iptables);

        string one = TextOf(new BundleAnonymizer(AnonymousKey.Random()).Anonymize(original));
        string other = TextOf(new BundleAnonymizer(AnonymousKey.Random()).Anonymize(original));

        one.Should().NotBe(other);
    }

    private static string Destination(string address, int port, string protocol) =>
        string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}/{protocol}");

    private static IEnumerable<(string Address, int Port, string Protocol)> DestinationsOf(BundleContents bundle) =>
        from service in Objects(bundle).Services.Values
        from address in service.ClusterIPs.AsSpan().ToArray().Concat(service.ExternalIPs.AsSpan().ToArray()).Concat(service.LoadBalancerIngress.AsSpan().ToArray().Select(static ingress => ingress.Ip))
        where IpAddress.TryParse(address, out _)
        from port in service.Ports.AsSpan().ToArray()
        select (address, port.Port, port.Protocol.ToLowerInvariant());

    /// <summary>What is essential of an answer: where packets go with what probability, and through how many rules of which kind.</summary>
    private static string Outline(string json, Func<string, string> map)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        StringBuilder outline = new($"agree {document.RootElement.GetProperty("agree")}");
        foreach (JsonElement walk in document.RootElement.GetProperty("walks").EnumerateArray())
        {
            outline.Append(CultureInfo.InvariantCulture, $"\ncertain {walk.GetProperty("isCertain")} compared {walk.GetProperty("isComparedWithModel")} reasons ");
            outline.AppendJoin(", ", walk.GetProperty("reasons").EnumerateArray().Select(static reason => reason.GetProperty("field").ToString()).Order(StringComparer.Ordinal));
            outline.Append('\n').AppendJoin('\n', walk.GetProperty("ways").EnumerateArray().Select(way => Way(way, map)).Order(StringComparer.Ordinal));
        }

        return outline.ToString();
    }

    private static string Way(JsonElement way, Func<string, string> map)
    {
        IEnumerable<string> trace = way.GetProperty("trace").EnumerateArray().Select(static step => $"{step.GetProperty("hook")}/{step.GetProperty("table")}/{step.GetProperty("mayMatch")}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{way.GetProperty("probability").GetDouble():0.######} {way.GetProperty("verdict")} to {map(way.GetProperty("target").ToString())} certain {way.GetProperty("isCertain")} masqueraded {way.GetProperty("isMasqueraded")} as {map(way.GetProperty("masqueradeAddress").ToString())} affinity {way.GetProperty("affinitySeconds")} by {string.Join(' ', trace)}");
    }

    private static string TextOf(BundleContents bundle) => string.Join('\n', bundle.Files.Values.Append(bundle.Manifest.ToJson()).Select(Encoding.UTF8.GetString));

    private static HashSet<IpAddress> AddressesIn(string text)
    {
        HashSet<IpAddress> addresses = [];
        foreach (Match match in AddressLike().Matches(text))
        {
            if (IpAddress.TryParse(match.Value.TrimEnd(':', '.'), out IpAddress address) || IpAddress.TryParse(match.Value.Split(':')[0], out address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }

    /// <summary>Addresses with a meaning of their own, and the first ones of private ranges, which stand for the ranges.</summary>
    private static bool IsBeginningOfKept(IpAddress address) =>
        Enumerable.Range(0, address.BitLength + 1).Select(length => IpPrefix.Create(address, length)).Any(range => range.Address == address && AddressMap.IsKept(range));

    private static ManifestObjects Objects(BundleContents bundle)
    {
        ManifestReader reader = new();
        using MemoryStream content = new(bundle[BundlePart.Objects]!);
        reader.Read("objects", content);
        return reader.Objects;
    }

    private static HashSet<string> NamesOf(BundleContents bundle)
    {
        ManifestObjects objects = Objects(bundle);
        HashSet<string> names = [bundle.Manifest.Node];
        foreach (NamespacedName name in objects.Services.Keys.Concat(objects.EndpointSlices.Keys).Concat(objects.Pods.Keys))
        {
            names.UnionWith([name.Namespace, name.Name]);
        }

        names.UnionWith(objects.Nodes.Values.SelectMany(static node => (string[])[node.Name, node.Zone]));
        names.UnionWith(objects.Services.Values.SelectMany(static service => service.Ports.AsSpan().ToArray()).Select(static port => port.Name));
        foreach (SliceEndpoint endpoint in objects.EndpointSlices.Values.SelectMany(static slice => slice.Endpoints.AsSpan().ToArray()))
        {
            names.UnionWith([endpoint.NodeName ?? "", .. endpoint.ZoneHints.AsSpan(), .. endpoint.NodeHints.AsSpan()]);
        }

        names.Remove("");
        return names;
    }

    [GeneratedRegex("[0-9a-fA-F:]*[.:][0-9a-fA-F:.]*", RegexOptions.None, 10000)]
    private static partial Regex AddressLike();

    [GeneratedRegex("\"(?<key>[A-Za-z0-9_-]+)\": ?", RegexOptions.ExplicitCapture, 10000)]
    private static partial Regex JsonKey();

    /// <summary>A bundle in a file of its own.</summary>
    private sealed class TemporaryBundle : IDisposable
    {
        public TemporaryBundle(BundleContents bundle)
        {
            using FileStream file = File.Create(Path);
            BundleArchive.Write(bundle, file);
        }

        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName() + ".tar.gz");

        public void Dispose() => File.Delete(Path);
    }
}
