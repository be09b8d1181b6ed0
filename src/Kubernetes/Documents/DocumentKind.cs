namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>What a node of a YAML or JSON document is.</summary>
public enum DocumentKind : byte
{
    /// <summary>No value.</summary>
    Null,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A number, kept as its text.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A list.</summary>
    Sequence,

    /// <summary>Keys with values; a key is a node of kind <see cref="Text"/> followed by its value.</summary>
    Mapping,
}
