using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Bundle.Anonymize;
using KubeProxySharp.Proxy.Commands.Bundle.Collect;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands.Bundle;

/// <summary><c>bundle</c>: collects the state of this node into one file. It changes nothing.</summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class BundleCommand(CommandStreams streams, AgentHost host)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(BundleOptions options, CancellationToken stop) =>
        ReportRun.RunAsync(streams, host.Time, progress => MakeAsync(options, progress, stop), bundle => Write(bundle, options));

    private async Task<BundleContents?> MakeAsync(BundleOptions options, Progress progress, CancellationToken stop)
    {
        if (options.OutputPath != SavedText.StandardInput && !options.IsForced && Path.Exists(options.OutputPath))
        {
            throw new InputException($"{options.OutputPath}: exists; give another name, or --force to overwrite it");
        }

        if (options.OutputPath == SavedText.StandardInput && streams.IsOutputOnTerminal)
        {
            throw new InputException("-o -: standard output is a terminal; redirect it into a file");
        }

        BundleContents bundle = options.SavedPath is { } saved ? UnpackedBundle.Read(saved, streams) : await new NodeCollector(streams, host).CollectAsync(options, progress, stop);
        if (!options.IsAnonymized)
        {
            return bundle;
        }

        progress.Step("replacing names and addresses");
        return new BundleAnonymizer(AnonymousKey.Random()).Anonymize(bundle);
    }

    private int Write(BundleContents bundle, BundleOptions options)
    {
        if (options.OutputPath == SavedText.StandardInput)
        {
            using Stream output = streams.OpenOutput();
            BundleArchive.Write(bundle, output);
            BundleText.Write(bundle, "standard output", streams.Errors);
            return ExitCode.Success;
        }

        OutputFile.Write(options.OutputPath, file => BundleArchive.Write(bundle, file), OwnerOnly, options.IsForced);
        ReportRun.WriteText(streams, text => BundleText.Write(bundle, options.OutputPath, text));
        return ExitCode.Success;
    }
}
