namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>The streams of a command.</summary>
/// <param name="OpenInput">Opens standard input.</param>
/// <param name="OpenOutput">Opens standard output, for what was asked for.</param>
/// <param name="Errors">Standard error, for messages and progress.</param>
/// <param name="IsOutputOnTerminal">Whether a person sees standard output.</param>
/// <param name="AreErrorsOnTerminal">Whether a person sees standard error.</param>
internal sealed record CommandStreams(Func<Stream> OpenInput, Func<Stream> OpenOutput, TextWriter Errors, bool IsOutputOnTerminal, bool AreErrorsOnTerminal)
{
    /// <summary>The columns of the terminal on standard output; null if it is none.</summary>
    public int? OutputWidth { get; init; }

    /// <summary>Those of the process. Colours are left out when NO_COLOR asks for it.</summary>
    public static CommandStreams OfProcess() => new(
        Console.OpenStandardInput,
        Console.OpenStandardOutput,
        Console.Error,
        !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
        !Console.IsErrorRedirected)
    {
        OutputWidth = Console.IsOutputRedirected || Console.WindowWidth <= 0 ? null : Console.WindowWidth,
    };
}

/// <summary>Colours on a terminal; plain text elsewhere.</summary>
/// <param name="isTerminal">Whether colours are understood and wanted.</param>
internal readonly struct AnsiStyle(bool isTerminal)
{
    /// <summary>Text in a colour or weight.</summary>
    /// <param name="code">Of ECMA-48, such as 31 for red; empty for plain text.</param>
    /// <param name="text">The text.</param>
    public string Of(string code, string text) => isTerminal && code.Length != 0 ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
