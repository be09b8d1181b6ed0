using System.Runtime.InteropServices;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <content>The decoding and collection of objects.</content>
public sealed partial class ManifestReader
{
    private const string ServiceKind = "Service";
    private const string EndpointSliceKind = "EndpointSlice";
    private const string NodeKind = "Node";
    private const string ServiceCidrKind = "ServiceCIDR";
    private const string PodKind = "Pod";

    /// <summary>Decodes an object and stores it.</summary>
    private void AddObject(string kind, FlatDocument document)
    {
        bool isSupported = AddObject(kind, document.Root, isUpdate: false, isWhole: document.Unsupported.Count == 0);
        if (isSupported)
        {
            ReportUnsupported(kind, document);
        }

        ReportRepeatedKeys(Describe(kind, document.Root), document, isSupported ? ManifestSeverity.Error : ManifestSeverity.Warning);
    }

    /// <summary>Decodes an object and stores it, if its kind makes rules.</summary>
    /// <returns>Whether it does.</returns>
    private bool AddObject(string kind, DocumentNode root, bool isUpdate, bool isWhole)
    {
        if (root.Kind != DocumentKind.Mapping)
        {
            if (kind.Length == 0 || IsOurs(kind))
            {
                Report(ManifestSeverity.Error, root.Line, $"{Describe(kind, root)}: is not a Kubernetes object");
                return true;
            }

            Skip(kind, "");
            return false;
        }

        try
        {
            switch (kind)
            {
                case ServiceKind when IsVersion(root, "v1"u8):
                    Service service = _services.Decode(root);
                    CheckService(service, root);
                    Store(Objects.Services, service.Name, service, kind, service.Name, root.Line, isUpdate);
                    break;
                case EndpointSliceKind when IsVersion(root, "discovery.k8s.io/v1"u8):
                    EndpointSlice slice = _slices.Decode(root);
                    Report(slice.Problems.AsSpan(), root);
                    Store(Objects.EndpointSlices, slice.Name, slice, kind, slice.Name, root.Line, isUpdate);
                    break;
                case NodeKind when IsVersion(root, "v1"u8):
                    Node node = _nodes.DecodeNode(root);
                    Store(Objects.Nodes, node.Name, node, kind, new("", node.Name), root.Line, isUpdate);
                    break;
                case ServiceCidrKind when IsVersion(root, "networking.k8s.io/v1"u8):
                    ServiceCidr cidr = _nodes.DecodeServiceCidr(root);
                    Store(Objects.ServiceCidrs, cidr.Name, cidr, kind, new("", cidr.Name), root.Line, isUpdate);
                    break;
                case PodKind when IsVersion(root, "v1"u8):
                    Pod pod = _pods.Decode(root);
                    Store(Objects.Pods, pod.Name, pod, kind, pod.Name, root.Line, isUpdate);
                    break;
                default:
                    NoteEndpoints(kind, root);
                    Skip(kind, root["apiVersion"u8].Kind == DocumentKind.Text ? root["apiVersion"u8].AsString("") : "");
                    return false;
            }
        }
        catch (DocumentException) when (!isWhole)
        {
            // The missing field may be in the unsupported part of the document, which is reported.
        }
        catch (DocumentException e)
        {
            string field = e.Field.Length == 0 ? "" : e.Field + " ";
            Report(ManifestSeverity.Error, e.Line == 0 ? root.Line : e.Line, $"{Describe(kind, root)}: {field}{e.Reason}");
        }

        return true;
    }

    private static bool IsOurs(string kind) => kind is ServiceKind or EndpointSliceKind or NodeKind or ServiceCidrKind or PodKind;

    private void ReportUnsupported(string kind, FlatDocument document)
    {
        foreach (DocumentException problem in document.Unsupported)
        {
            Report(ManifestSeverity.Error, problem.Line, $"{Describe(kind, document.Root)}: {problem.Reason}");
        }
    }

    /// <summary>Reports keys that are given twice: it is not known which of the values is meant.</summary>
    private void ReportRepeatedKeys(string what, FlatDocument document, ManifestSeverity severity)
    {
        foreach (DocumentException repeated in document.RepeatedKeys)
        {
            Report(severity, repeated.Line, $"{(what.Length == 0 ? "" : what + ": ")}{repeated.Field} {repeated.Reason}");
        }
    }

    /// <summary>An item of a typed raw list has no apiVersion; any other object must have the supported one.</summary>
    private static bool IsVersion(DocumentNode root, ReadOnlySpan<byte> version)
    {
        DocumentNode given = root["apiVersion"u8];
        return given.IsNull || (given.Kind == DocumentKind.Text && given.Text.SequenceEqual(version));
    }

    private static string Describe(string kind, DocumentNode root)
    {
        DocumentNode metadata = root.Kind == DocumentKind.Mapping ? root["metadata"u8] : default;
        if (metadata.Kind != DocumentKind.Mapping || metadata["name"u8].Kind != DocumentKind.Text)
        {
            return kind.Length == 0 ? "item" : kind;
        }

        string name = metadata["name"u8].AsString("");
        DocumentNode space = metadata["namespace"u8];
        return space.Kind == DocumentKind.Text ? $"{kind} {space.AsString("")}/{name}" : $"{kind} {name}";
    }

    /// <summary>Remembers Endpoints that have addresses; one that is broken makes no rules either, and is no error.</summary>
    private void NoteEndpoints(string kind, DocumentNode root)
    {
        if (kind != "Endpoints" || !IsVersion(root, "v1"u8) || root["subsets"u8].Kind != DocumentKind.Sequence || root["metadata"u8].Kind != DocumentKind.Mapping || root["metadata"u8]["name"u8].Kind != DocumentKind.Text)
        {
            return;
        }

        foreach (DocumentNode subset in root["subsets"u8].Elements)
        {
            if (subset.Kind == DocumentKind.Mapping && subset["addresses"u8].Kind == DocumentKind.Sequence && subset["addresses"u8].CountElements() != 0)
            {
                Objects.EndpointsWithAddresses.Add(ObjectMeta.NamespacedName(root, _pool));
                return;
            }
        }
    }

    private void Skip(string kind, string apiVersion)
    {
        string name = IsOurs(kind) ? $"{kind} of {apiVersion}" : kind.Length == 0 ? "unknown" : kind;
        _skipped[name] = _skipped.GetValueOrDefault(name) + 1;
    }

    private void ApplyWatchEvent(FlatDocument document)
    {
        DocumentNode root = document.Root;
        DocumentNode payload = root["object"u8];
        string kind = KindOf(payload);
        string type = root["type"u8].Kind == DocumentKind.Text ? root["type"u8].AsString("") : "";
        ReportRepeatedKeys(Describe(kind, payload), document, IsOurs(kind) ? ManifestSeverity.Error : ManifestSeverity.Warning);
        if (IsOurs(kind))
        {
            ReportUnsupported(kind, document);
        }

        switch (type)
        {
            case "ADDED" or "MODIFIED":
                AddObject(kind, payload, isUpdate: true, isWhole: document.Unsupported.Count == 0);
                break;
            case "DELETED":
                Remove(kind, payload);
                break;
            case "BOOKMARK":
                break;
            default:
                Report(ManifestSeverity.Error, root.Line, $"is a watch event of type \"{type}\", not ADDED, MODIFIED, DELETED or BOOKMARK");
                break;
        }
    }

    private void Remove(string kind, DocumentNode payload)
    {
        NamespacedName name = ObjectMeta.NamespacedName(payload, _pool);
        _ = kind switch
        {
            ServiceKind => Objects.Services.Remove(name),
            EndpointSliceKind => Objects.EndpointSlices.Remove(name),
            NodeKind => Objects.Nodes.Remove(name.Name),
            ServiceCidrKind => Objects.ServiceCidrs.Remove(name.Name),
            PodKind => Objects.Pods.Remove(name),
            _ => false,
        };
    }

    /// <summary>Reports what the rule model will leave out, with the line of the field.</summary>
    private void CheckService(Service service, DocumentNode root)
    {
        List<Problem> problems = [];
        _ = ServiceReader.Read(service, allowExternalIPs: true, problems);
        Report(CollectionsMarshal.AsSpan(problems), root);
        bool wouldGetAddress = service.ClusterIP.Length == 0 && service.Type is not "ExternalName" && !service.IsForOtherProxy;
        if (wouldGetAddress)
        {
            Report(ManifestSeverity.Note, root.Line, $"Service {service.Name}: spec.clusterIP is not set, as in a file that was never applied; the Service gets no rules");
        }
    }

    private void Report(ReadOnlySpan<Problem> problems, DocumentNode root)
    {
        foreach (Problem problem in problems)
        {
            ManifestSeverity severity = problem.Severity == ProblemSeverity.Error ? ManifestSeverity.Error : ManifestSeverity.Warning;
            Report(severity, FieldPath.Find(root, problem.Field).Line, problem.ToString());
        }
    }

    private void Store<TKey, T>(Dictionary<TKey, T> objects, TKey key, T value, string kind, NamespacedName name, int line, bool isUpdate)
        where TKey : notnull
        where T : class
    {
        if (!isUpdate && objects.TryGetValue(key, out T? known))
        {
            (string source, int first) = _places[(kind, name)];
            if (!known.Equals(value))
            {
                throw new DocumentException(line, "", $"is also defined at {source}:{first}, and differently; remove one");
            }

            Report(ManifestSeverity.Note, line, $"{kind} {name}: is the same as at {source}:{first}");
            return;
        }

        objects[key] = value;
        _places[(kind, name)] = (_source, line);
    }
}
