namespace KubeProxySharp.Proxy.Host;

/// <summary>Takes one line of a tool's output, without its end.</summary>
internal delegate void LineHandler(ReadOnlySpan<byte> line);
