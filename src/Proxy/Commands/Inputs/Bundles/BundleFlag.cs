using System.CommandLine;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands.Inputs.Bundles;

/// <summary>The flag <c>--bundle</c>, by which a command works on a support bundle instead of this node and its cluster.</summary>
internal sealed class BundleFlag
{
    public Option<string?> Path { get; } = new("--bundle")
    {
        Description = "A support bundle of the node (kube-proxy-sharp bundle), or - for standard input: the files that the command needs are taken from it, where no others are given.",
        HelpName = "FILE",
    };

    /// <summary>Adds the flag, and refuses what it cannot be combined with.</summary>
    /// <param name="command">The command.</param>
    /// <param name="others">Flags that name this node or a cluster.</param>
    public void AddTo(Command command, params Option[] others)
    {
        command.Add(Path);
        command.Validators.Add(result =>
        {
            foreach (Option other in others.Where(other => result.GetResult(Path) is not null && result.GetResult(other) is { Implicit: false }))
            {
                result.AddError($"give either --bundle or {other.Name}, not both");
            }
        });
    }

    /// <summary>Runs a command, on a bundle if one is given.</summary>
    /// <typeparam name="T">The options of the command.</typeparam>
    /// <param name="parsed">What was given.</param>
    /// <param name="options">The options without the bundle.</param>
    /// <param name="fill">The options with what the bundle has.</param>
    /// <param name="streams">Where messages go.</param>
    /// <param name="run">Runs the command.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync<T>(ParseResult parsed, T options, Func<UnpackedBundle, T, T> fill, CommandStreams streams, Func<T, Task<int>> run)
    {
        if (parsed.GetValue(Path) is not { } path)
        {
            return await run(options);
        }

        try
        {
            using UnpackedBundle bundle = UnpackedBundle.Open(path, streams);
            return await run(fill(bundle, options));
        }
        catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException)
        {
            streams.Errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }
    }
}
