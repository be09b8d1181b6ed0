using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Which of the objects that have had a name one after another it is.</summary>
/// <param name="Name">The name.</param>
/// <param name="Uid">The uid; empty if the server did not say.</param>
internal sealed record ObjectUid(NamespacedName Name, string Uid);
