namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

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
