using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Decodes the needed fields of Pods from YAML or JSON.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class PodDecoder(Utf8StringPool pool)
{
    public Pod Decode(DocumentNode document)
    {
        DocumentNode spec = document["spec"u8];
        DocumentNode status = document["status"u8];
        List<string> addresses = [];
        foreach (DocumentNode address in status["podIPs"u8].Elements)
        {
            addresses.Add(address["ip"u8].AsString(""));
        }

        string single = status["podIP"u8].AsString("");
        if (addresses.Count == 0 && single.Length != 0)
        {
            addresses.Add(single);
        }

        DocumentNode node = spec["nodeName"u8];
        return new Pod
        {
            Name = ObjectMeta.NamespacedName(document, pool),
            Addresses = EquatableArray.CopyOf(addresses),
            IsHostNetwork = spec["hostNetwork"u8].AsBoolean() ?? false,
            NodeName = node.Is(DocumentKind.Text) ? pool.Get(node.Text) : "",
            HasEnded = status["phase"u8].AsString("") is "Succeeded" or "Failed",
        };
    }
}
