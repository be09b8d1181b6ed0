using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

/// <summary>A reader of Prometheus text 0.0.4, written for the tests, that takes nothing the format forbids.</summary>
internal sealed partial class Exposition
{
    public Dictionary<string, ExposedFamily> Families { get; } = new(StringComparer.Ordinal);

    public static Exposition Parse(string text)
    {
        Exposition exposition = new();
        ExposedFamily? family = null;
        text.Should().EndWith("\n");
        foreach (string line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                string[] parts = line.Split(' ', 4);
                family = new ExposedFamily(parts[2], Unescape(parts[3]));
                exposition.Families.Add(parts[2], family);
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                string[] parts = line.Split(' ');
                parts[2].Should().Be(family!.Name);
                family.Type = parts[3];
            }
            else
            {
                family!.Add(ParseSample(line));
            }
        }

        return exposition;
    }

    public double Value(string name, params (string Name, string Value)[] labels)
    {
        string key = ExposedSample.KeyOf(name, labels.Select(static label => KeyValuePair.Create(label.Name, label.Value)));
        return Families.Values.SelectMany(static family => family.Samples).Single(sample => sample.Key == key).Value;
    }

    private static ExposedSample ParseSample(string line)
    {
        Match match = SampleLine().Match(line);
        match.Success.Should().BeTrue(line);
        List<KeyValuePair<string, string>> labels = [];
        foreach (Match label in LabelPair().Matches(match.Groups["labels"].Value))
        {
            labels.Add(new(label.Groups["name"].Value, Unescape(label.Groups["value"].Value)));
        }

        return new(match.Groups["name"].Value, labels, ParseNumber(match.Groups["value"].Value));
    }

    private static double ParseNumber(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    private static string Unescape(string text)
    {
        StringBuilder plain = new();
        for (int index = 0; index < text.Length; index++)
        {
            if (text[index] != '\\')
            {
                plain.Append(text[index]);
                continue;
            }

            index++;
            plain.Append(text[index] switch { 'n' => '\n', '\\' => '\\', '"' => '"', _ => throw new FormatException(text) });
        }

        return plain.ToString();
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*="(\\[\\n"]|[^\\"])*",?)+)\})? (?<value>\S+)$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(\\[\\n"]|[^\\"])*)"(,|$)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelPair();
}

/// <summary>One metric of an exposition.</summary>
internal sealed class ExposedFamily(string name, string help)
{
    private readonly HashSet<string> _keys = [];

    public string Name => name;

    public string Help => help;

    public string Type { get; set; } = "";

    public List<ExposedSample> Samples { get; } = [];

    /// <summary>Label names without le.</summary>
    public IEnumerable<string> LabelNames => Samples[0].Labels.Select(static label => label.Key).Where(static label => label != "le");

    /// <summary>Bucket bounds as written, of the first series.</summary>
    public IEnumerable<string> Bounds => Samples
        .Where(sample => sample.Name == name + "_bucket")
        .Select(static sample => sample.Labels.Single(static label => label.Key == "le").Value)
        .Distinct(StringComparer.Ordinal);

    public void Add(ExposedSample sample)
    {
        Type.Should().NotBeEmpty();
        string[] allowed = Type == "histogram" ? [name + "_bucket", name + "_sum", name + "_count"] : [name];
        allowed.Should().Contain(sample.Name);
        _keys.Add(sample.Key).Should().BeTrue("no series may come twice: " + sample.Key);
        Samples.Add(sample);
    }
}

/// <summary>One sample line.</summary>
internal sealed record ExposedSample(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value)
{
    public string Key => KeyOf(Name, Labels);

    public static string KeyOf(string name, IEnumerable<KeyValuePair<string, string>> labels) =>
        name + "{" + string.Join(',', labels.OrderBy(static label => label.Key, StringComparer.Ordinal).Select(static label => label.Key + "=" + label.Value)) + "}";
}
