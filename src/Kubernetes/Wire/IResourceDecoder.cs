using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Turns one object of the API, in either format, into the input type of the rule model.</summary>
/// <typeparam name="T">The input type.</typeparam>
internal interface IResourceDecoder<T>
    where T : class
{
    /// <summary>From a protobuf message without its envelope.</summary>
    /// <exception cref="WireException">The message is broken.</exception>
    T Decode(ReadOnlySpan<byte> message, NameTable names);

    /// <summary>From JSON.</summary>
    /// <exception cref="DocumentException">A field has a wrong type or an impossible value.</exception>
    T Decode(DocumentNode document);

    /// <summary>The key of an object.</summary>
    NamespacedName NameOf(T value);
}
