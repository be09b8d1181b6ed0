using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Decodes Nodes and ServiceCIDRs from YAML or JSON.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class NodeDecoder(Utf8StringPool pool)
{
    public Node DecodeNode(DocumentNode document)
    {
        DocumentNode spec = document["spec"u8];
        EquatableArray<string> podCidrs = Texts(spec["podCIDRs"u8]);
        string single = spec["podCIDR"u8].AsString("");
        List<NodeAddress> addresses = [];
        foreach (DocumentNode address in document["status"u8]["addresses"u8].Elements)
        {
            addresses.Add(new(address["type"u8].AsString(""), address["address"u8].AsString("")));
        }

        return new Node
        {
            Name = ObjectMeta.Name(document, pool),
            Zone = ObjectMeta.Label(document, "topology.kubernetes.io/zone"u8, pool) ?? "",
            PodCidrs = podCidrs.IsEmpty && single.Length != 0 ? [single] : podCidrs,
            Addresses = EquatableArray.CopyOf(addresses),
            IsLeaving = !document["metadata"u8]["deletionTimestamp"u8].IsNull || HasAutoscalerTaint(spec["taints"u8]),
        };
    }

    public ServiceCidr DecodeServiceCidr(DocumentNode document) => new()
    {
        Name = ObjectMeta.Name(document, pool),
        Cidrs = Texts(document["spec"u8]["cidrs"u8]),
    };

    private static bool HasAutoscalerTaint(DocumentNode taints)
    {
        foreach (DocumentNode taint in taints.Elements)
        {
            if (string.Equals(taint["key"u8].AsString(""), ManifestWriter.AutoscalerTaint, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static EquatableArray<string> Texts(DocumentNode list)
    {
        List<string> texts = [];
        foreach (DocumentNode element in list.Elements)
        {
            texts.Add(element.AsString(""));
        }

        return EquatableArray.CopyOf(texts);
    }
}
