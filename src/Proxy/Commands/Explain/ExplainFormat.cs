namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The forms of an answer.</summary>
internal enum ExplainFormat : byte
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs.</summary>
    Json,

    /// <summary>A graph for Graphviz.</summary>
    Dot,

    /// <summary>A picture.</summary>
    Svg,

    /// <summary>A page with the picture and the text.</summary>
    Html,
}
