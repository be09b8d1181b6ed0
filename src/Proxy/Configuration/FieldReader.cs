using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// Reads the fields of a mapping over kube-proxy's defaults (spec 11.2), and records which ones were read, so that the others
/// can be reported as unknown.
/// </summary>
internal sealed class FieldReader : IFieldVisitor
{
    private readonly DocumentNode _mapping;
    private readonly ICollection<DocumentException> _unknown;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private FieldReader(DocumentNode mapping, ICollection<DocumentException> unknown)
    {
        _mapping = mapping;
        _unknown = unknown;
    }

    /// <summary>Reads a configuration.</summary>
    /// <param name="root">The document.</param>
    /// <param name="unknown">Receives the fields that are none of KubeProxyConfiguration.</param>
    /// <exception cref="DocumentException">A field has a value that it cannot have.</exception>
    public static KubeProxyConfiguration Read(DocumentNode root, ICollection<DocumentException> unknown)
    {
        FieldReader reader = new(root, unknown);
        KubeProxyConfiguration read = ConfigurationFields.Visit(new KubeProxyConfiguration { HealthzBindAddress = "", MetricsBindAddress = "" }, reader);
        reader.Finish();
        return read with
        {
            HealthzBindAddress = WithPort(read.HealthzBindAddress, read.BindAddress, "0.0.0.0", "::", DefaultHealthzPort),
            MetricsBindAddress = WithPort(read.MetricsBindAddress, read.BindAddress, "127.0.0.1", "::1", DefaultMetricsPort),
        };
    }

    /// <inheritdoc/>
    public void Constant(string name, string value) => Node(name);

    /// <inheritdoc/>
    public T Section<T>(string name, T value, Func<T, IFieldVisitor, T> visit)
    {
        FieldReader section = new(Node(name), _unknown);
        T read = visit(value, section);
        section.Finish();
        return read;
    }

    /// <inheritdoc/>
    public string Text(string name, string value, string flag = "", bool emptyIsDefault = false)
    {
        string read = Node(name).AsString(value);
        return emptyIsDefault && read.Length == 0 ? value : read;
    }

    /// <inheritdoc/>
    public int Number(string name, int value, string flag = "", bool zeroIsDefault = false)
    {
        int read = Node(name).AsInt32() ?? value;
        return zeroIsDefault && read == 0 ? value : read;
    }

    /// <inheritdoc/>
    public float Decimal(string name, float value, string flag = "", bool zeroIsDefault = false)
    {
        float read = (float)(Node(name).AsDouble() ?? value);
        return zeroIsDefault && read == 0 ? value : read;
    }

    /// <inheritdoc/>
    public bool Switch(string name, bool value, string flag = "", bool isWrittenWhenFalse = true) => Node(name).AsBoolean() ?? value;

    /// <inheritdoc/>
    public TimeSpan Duration(string name, TimeSpan value, string flag = "", bool zeroIsDefault = false)
    {
        DocumentNode node = Node(name);
        if (!node.Is(DocumentKind.Text))
        {
            return value;
        }

        return !GoDuration.TryParse(node.AsString(""), out TimeSpan read) ? throw node.Wrong($"\"{node.AsString("")}\" is not a duration such as 30s or 1h0m0s")
            : zeroIsDefault && read == TimeSpan.Zero ? value
            : read;
    }

    /// <inheritdoc/>
    public TimeSpan DurationOrNanoseconds(string name, TimeSpan value, string flag = "")
    {
        if (Node(name) is not { Kind: DocumentKind.Number } node)
        {
            return Duration(name, value, flag, zeroIsDefault: true);
        }

        TimeSpan read = TimeSpan.FromTicks((long)((node.AsDouble() ?? 0) / TimeSpan.NanosecondsPerTick));
        return read == TimeSpan.Zero ? value : read;
    }

    /// <inheritdoc/>
    public string Quantity(string name, string value, string flag = "")
    {
        DocumentNode node = Node(name);
        return node.Kind == DocumentKind.Number ? $"{node.AsDouble()}" : node.AsString(value);
    }

    /// <inheritdoc/>
    public EquatableArray<string> Texts(string name, EquatableArray<string> values, string flag = "")
    {
        List<string> texts = [];
        foreach (DocumentNode element in Node(name).Elements)
        {
            texts.Add(element.AsString(""));
        }

        return EquatableArray.CopyOf(texts);
    }

    /// <inheritdoc/>
    public EquatableArray<FeatureGate> Gates(string name, EquatableArray<FeatureGate> values, string flag = "")
    {
        List<FeatureGate> read = [];
        foreach (DocumentNode gate in Node(name).Members)
        {
            read.Add(new(gate.Key, gate.AsBoolean() ?? throw gate.Wrong("is null, not true or false")));
        }

        return EquatableArray.CopyOf(read);
    }

    /// <inheritdoc/>
    public EquatableArray<VerbosityRule> VerbosityRules(string name, EquatableArray<VerbosityRule> values, string flag = "")
    {
        List<VerbosityRule> rules = [];
        foreach (DocumentNode rule in Node(name).Elements)
        {
            rules.Add(new(rule["filePattern"u8].AsString(""), rule["verbosity"u8].AsInt32() ?? 0));
        }

        return EquatableArray.CopyOf(rules);
    }

    private DocumentNode Node(string name)
    {
        _known.Add(name);
        return _mapping[Encoding.UTF8.GetBytes(name)];
    }

    /// <summary>Reports the fields that were not read.</summary>
    private void Finish()
    {
        foreach (DocumentNode member in _mapping.Members)
        {
            if (!_known.Contains(member.Key))
            {
                _unknown.Add(member.Wrong("is not a field of KubeProxyConfiguration"));
            }
        }
    }

    /// <summary>Fills in a bind address: the default of the family of bindAddress, and the port if it is missing.</summary>
    private static string WithPort(string given, string bindAddress, string ipv4, string ipv6, int port)
    {
        if (given.Length == 0)
        {
            // Also IPv6 when bindAddress is invalid, as in kube-proxy (spec 11.2).
            bool isIPv4 = IpAddress.TryParse(bindAddress, out IpAddress bound) && bound.IsIPv4;
            given = isIPv4 ? ipv4 : ipv6;
        }

        return HostPort.AddPort(given, port);
    }
}
