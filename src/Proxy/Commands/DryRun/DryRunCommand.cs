using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.DryRun;

/// <summary>
/// <c>dry-run</c>: manifests in, rules out. Standard output holds rules and nothing else, and nothing at all when the
/// input is broken.
/// </summary>
/// <param name="openInput">Opens standard input.</param>
/// <param name="openOutput">Opens standard output.</param>
/// <param name="errors">Standard error, for messages.</param>
internal sealed class DryRunCommand(Func<Stream> openInput, Func<Stream> openOutput, TextWriter errors)
{
    private readonly InputFiles _files = new(openInput, errors);

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public int Run(DryRunOptions options)
    {
        try
        {
            RuleModelChange? change = BuildModel(options, out string mode);
            if (change is null)
            {
                return ExitCode.Failure;
            }

            Write(change, mode, options);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is InputException or ConfigurationException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }
    }

    private RuleModelChange? BuildModel(DryRunOptions options, out string mode)
    {
        KubeProxyConfiguration configuration = _files.ReadConfiguration(options.ConfigPath, options.IsStrict);
        mode = options.Mode ?? configuration.EffectiveMode;
        if (mode is not (ProxyMode.Iptables or ProxyMode.Nftables))
        {
            throw new InputException($"mode {mode} has no dry run; give --mode iptables or --mode nftables");
        }

        if (options.IsBatch && mode is not ProxyMode.Nftables)
        {
            throw new InputException($"mode {mode} has no netlink messages; --format batch needs --mode nftables");
        }

        ManifestObjects? before = ReadManifests(options.DiffFromPaths, options);
        ManifestObjects? objects = ReadManifests(options.Paths, options);
        if (before is null || objects is null)
        {
            return null;
        }

        ClusterInput cluster = new(objects, configuration, mode) { Egress = _files.ReadEgress(options.EgressPath) };
        string nodeName = cluster.FindNodeName(options.NodeName);
        if (cluster.DescribeMissingNode(nodeName) is { } missing)
        {
            errors.WriteLine(missing);
        }

        if (MissingSlices.Of(objects) is { } slices)
        {
            errors.WriteLine($"warning: {slices}");
        }

        // Errors of objects were reported with their lines when they were read.
        List<Problem> reported = [];
        RuleModelChange change = cluster.BuildChange(before, nodeName, options.NodeAddresses, reported);
        foreach (string problem in EgressProblem.Describe(cluster.Egress, options.Families.Select(family => change[family].After.Settings)))
        {
            errors.WriteLine($"warning: {problem}");
        }

        return change;
    }

    private ManifestObjects? ReadManifests(IReadOnlyList<string> paths, DryRunOptions options) => _files.ReadManifests(paths, options.IsRecursive, "no rules are printed");

    private void Write(RuleModelChange change, string mode, DryRunOptions options)
    {
        if (options.OutputPath is null)
        {
            using Stream output = openOutput();
            Write(change, mode, options, output);
            return;
        }

        // Whoever watches the file sees the old rules or the new ones, never half of them.
        string temporary = options.OutputPath + ".tmp";
        using (FileStream output = File.Create(temporary))
        {
            Write(change, mode, options, output);
        }

        File.Move(temporary, options.OutputPath, overwrite: true);
    }

    private void Write(RuleModelChange change, string mode, DryRunOptions options, Stream output)
    {
        StreamBufferWriter writer = new(output);
        DryRunWriter rules = new(options, writer, errors);
        if (mode is ProxyMode.Nftables)
        {
            rules.WriteNftables(change);
        }
        else
        {
            rules.WriteIptables(change);
        }

        writer.Flush();
    }
}
