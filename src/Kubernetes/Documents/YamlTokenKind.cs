namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>The kinds of <see cref="YamlToken"/>.</summary>
internal enum YamlTokenKind : byte
{
    /// <summary>A mapping begins.</summary>
    Mapping,

    /// <summary>A sequence begins.</summary>
    Sequence,

    /// <summary>What began last ends.</summary>
    End,

    /// <summary>An unquoted scalar or key.</summary>
    Plain,

    /// <summary>A scalar or key whose text is a text whatever it says: quoted without escapes.</summary>
    Quoted,

    /// <summary>The same with its text in the buffer of <see cref="KubectlYamlParser"/>.</summary>
    Unescaped,
}
