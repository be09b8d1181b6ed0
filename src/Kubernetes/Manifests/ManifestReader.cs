using System.Globalization;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>
/// Reads manifests: YAML with several documents, JSON, lists, raw API responses and watch dumps (wire notes 7.1). Collects the
/// objects and the messages about them; one broken object does not stop the others.
/// </summary>
public sealed partial class ManifestReader : IDocumentSink
{
    private const int MaxErrors = 20;

    /// <summary>Enough of an input to show that it is a template, in bytes.</summary>
    private const int SniffLength = 64 * 1024;

    private readonly Utf8StringPool _pool = new();
    private readonly ServiceDecoder _services;
    private readonly EndpointSliceDecoder _slices;
    private readonly NodeDecoder _nodes;
    private readonly PodDecoder _pods;
    private readonly List<ManifestMessage> _messages = [];
    private readonly Dictionary<(string Kind, NamespacedName Name), (string Source, int Line)> _places = [];
    private readonly SortedDictionary<string, int> _skipped = new(StringComparer.Ordinal);
    private readonly List<FlatDocument> _undecided = [];
    private string _source = "";
    private bool _hasTemplates;

    /// <summary>Makes a reader.</summary>
    public ManifestReader()
    {
        _services = new(_pool);
        _slices = new(_pool);
        _nodes = new(_pool);
        _pods = new(_pool);
    }

    /// <summary>The objects read so far.</summary>
    public ManifestObjects Objects { get; } = new();

    /// <summary>The messages, in the order of the input.</summary>
    public IReadOnlyList<ManifestMessage> Messages => _messages;

    /// <summary>Number of messages that are errors.</summary>
    public int ErrorCount { get; private set; }

    /// <summary>Reads one input to its end.</summary>
    /// <param name="source">The name of the input in messages: the path, or <c>stdin</c>.</param>
    /// <param name="stream">Its content.</param>
    public void Read(string source, Stream stream)
    {
        _source = source;
        _skipped.Clear();
        try
        {
            PeekedStream peeked = new(stream, SniffLength);
            _hasTemplates = peeked.Start.IndexOf("{{"u8) >= 0;
            DocumentReader.Read(peeked, this, toleratesRepeatedKeys: true);
        }
        catch (DocumentException e)
        {
            Report(ManifestSeverity.Error, e.Line, e.Field.Length == 0 ? e.Reason : $"{e.Field} {e.Reason}");
        }

        _undecided.Clear();
        foreach ((string kind, int count) in _skipped)
        {
            string objects = count == 1 ? "1 object" : string.Create(CultureInfo.InvariantCulture, $"{count} objects");
            Report(ManifestSeverity.Note, 0, $"skipped {objects} of kind {kind}, which makes no rules");
        }
    }

    /// <summary>Adds a warning about a whole input.</summary>
    public void Warn(string source, string text) => _messages.Add(new(ManifestSeverity.Warning, source, 0, text));

    /// <inheritdoc/>
    bool IDocumentSink.OnItem(FlatDocument item, FlatDocument header)
    {
        string kind = KindOf(item.Root);
        if (kind.Length != 0)
        {
            AddObject(kind, item);
            return false;
        }

        string listKind = KindOf(header.Root);
        if (listKind.Length == 0)
        {
            _undecided.Add(item);
            return true;
        }

        AddItem(listKind, item);
        return false;
    }

    /// <inheritdoc/>
    void IDocumentSink.OnDocument(FlatDocument document, bool hadItems)
    {
        DocumentNode root = document.Root;
        string kind = KindOf(root);
        if (hadItems)
        {
            if (kind.Length == 0)
            {
                Report(ManifestSeverity.Error, root.Line, "has items but no kind; it must be List, ServiceList or the like");
            }

            foreach (FlatDocument item in _undecided)
            {
                AddItem(kind, item);
            }

            _undecided.Clear();
            if (kind.Length == 0 || IsList(kind))
            {
                ReportRepeatedKeys(kind, document, IsOurs(KindOfItems(kind)) ? ManifestSeverity.Error : ManifestSeverity.Warning);
                return;
            }
        }

        bool isEmptyList = IsList(kind) && root["items"u8].IsNull;
        if (isEmptyList)
        {
            return;
        }

        if (kind.Length != 0)
        {
            AddObject(kind, document);
        }
        else if (root.Kind == DocumentKind.Mapping && !root["object"u8].IsNull)
        {
            ApplyWatchEvent(document);
        }
        else
        {
            string what = root.Kind == DocumentKind.Mapping ? "has no kind" : "is not a Kubernetes object";
            Report(ManifestSeverity.Error, root.Line, $"{what}; give YAML or JSON with apiVersion and kind");
        }
    }

    private static string KindOf(DocumentNode root)
    {
        if (root.Kind != DocumentKind.Mapping)
        {
            return "";
        }

        DocumentNode kind = root["kind"u8];
        return kind.Kind == DocumentKind.Text ? kind.AsString("") : "";
    }

    private static bool IsList(string kind) => kind.EndsWith("List", StringComparison.Ordinal);

    /// <summary>Items of a typed list have no kind of their own: a ServiceList holds Services.</summary>
    private static string KindOfItems(string listKind) =>
        IsList(listKind) && listKind.Length > 4 ? listKind[..^4] : "";

    /// <summary>Adds an item without a kind of its own; a field <c>items</c> of an object that is not a list is part of that object.</summary>
    private void AddItem(string listKind, FlatDocument item)
    {
        if (listKind.Length == 0 || IsList(listKind))
        {
            AddObject(KindOfItems(listKind), item);
        }
    }

    private void Report(ManifestSeverity severity, int line, string text)
    {
        if (severity == ManifestSeverity.Error && ++ErrorCount > MaxErrors)
        {
            return;
        }

        if (severity == ManifestSeverity.Error && _hasTemplates)
        {
            // Braces like these are also in values of objects that are whole; so they are mentioned only beside an error.
            _hasTemplates = false;
            text += "; the input has {{ ... }}, as a Helm template that was not rendered; give what helm template prints";
        }

        _messages.Add(new(severity, _source, line, text));
    }
}

/// <summary>The objects found in manifests.</summary>
public sealed class ManifestObjects
{
    /// <summary>Services, by name.</summary>
    public Dictionary<NamespacedName, Service> Services { get; } = [];

    /// <summary>EndpointSlices, by name.</summary>
    public Dictionary<NamespacedName, EndpointSlice> EndpointSlices { get; } = [];

    /// <summary>Nodes, by name.</summary>
    public Dictionary<string, Node> Nodes { get; } = new(StringComparer.Ordinal);

    /// <summary>Pods, by name. They make no rules; they are used to name the owner of an address.</summary>
    public Dictionary<NamespacedName, Pod> Pods { get; } = [];

    /// <summary>ServiceCIDRs, by name.</summary>
    public Dictionary<string, ServiceCidr> ServiceCidrs { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// The Endpoints (<c>v1</c>) that have addresses, by name. They make no rules: kube-proxy reads EndpointSlices, and an input
    /// that has only the older kind is not whole.
    /// </summary>
    public HashSet<NamespacedName> EndpointsWithAddresses { get; } = [];

    /// <summary>Number of all objects.</summary>
    public int Count => Services.Count + EndpointSlices.Count + Nodes.Count + Pods.Count + ServiceCidrs.Count;
}
