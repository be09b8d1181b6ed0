namespace KubeProxySharp.Proxy.Commands.Run;

/// <summary>Where the command writes.</summary>
/// <param name="Output">Standard output as text: help and versions.</param>
/// <param name="Errors">Standard error as text: what is said before there is a log.</param>
/// <param name="LogOutput">Standard output, for a log with split streams.</param>
/// <param name="LogErrors">Standard error, for the log.</param>
internal sealed record RunStreams(TextWriter Output, TextWriter Errors, Stream LogOutput, Stream LogErrors)
{
    /// <summary>Those of the process.</summary>
    public static RunStreams OfProcess() => new(Console.Out, Console.Error, Console.OpenStandardOutput(), Console.OpenStandardError());
}
