namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Colours for people; none where nobody sees them.</summary>
/// <param name="isTerminal">Whether colours are understood and wanted.</param>
internal readonly struct AnsiStyle(bool isTerminal)
{
    /// <summary>Text in a colour or weight.</summary>
    /// <param name="code">Of ECMA-48, such as 31 for red; empty for plain text.</param>
    /// <param name="text">The text.</param>
    public string Of(string code, string text) => isTerminal && code.Length != 0 ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
