using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>A token of <see cref="KubectlYamlParser"/>.</summary>
/// <param name="Kind">The kind of the token.</param>
/// <param name="Start">Where its text begins: in the source, or in <see cref="KubectlYamlParser"/>'s own buffer when it had escapes.</param>
/// <param name="Length">The length of its text in bytes.</param>
/// <param name="Line">Its line, from 1.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct YamlToken(YamlTokenKind Kind, int Start, int Length, int Line);

/// <summary>The kinds of <see cref="YamlToken"/>.</summary>
internal enum YamlTokenKind : byte
{
    /// <summary>A mapping begins.</summary>
    Mapping,

    /// <summary>A sequence begins.</summary>
    Sequence,

    /// <summary>The innermost mapping or sequence ends.</summary>
    End,

    /// <summary>An unquoted scalar or key.</summary>
    Plain,

    /// <summary>A scalar or key that is always a text: quoted, without escapes.</summary>
    Quoted,

    /// <summary>The same with its text in the buffer of <see cref="KubectlYamlParser"/>.</summary>
    Unescaped,
}
