using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Host;
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

    /// <summary>Runs the command on manifests, or on the objects of an API server if there are none.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="host">The host.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(DryRunOptions options, AgentHost host, CancellationToken stop)
    {
        if (options.Paths.Count != 0)
        {
            return Run(options);
        }

        ManifestObjects? objects;
        try
        {
            KubeProxyConfiguration configuration = new InputFiles(openInput, TextWriter.Null).ReadConfiguration(options.ConfigPath, options.IsStrict);
            ObjectSource source = new(_files, host, errors);
            objects = await source.ReadAsync(options, configuration, nodeName: null, "no rules are printed", stop);
            options = options with { NodeName = options.NodeName ?? (objects is null ? null : source.NodeOfHost(objects, configuration)) };
        }
        catch (Exception e) when (IsExpected(e) || e is ConnectionException)
        {
            errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }

        return objects is null ? ExitCode.Failure : Run(options, objects);
    }

    /// <summary>Runs the command on manifests.</summary>
    /// <returns>The exit code.</returns>
    public int Run(DryRunOptions options) => Run(options, listed: null);

    private static bool IsExpected(Exception e) => e is InputException or ConfigurationException or IOException or UnauthorizedAccessException;

    private int Run(DryRunOptions options, ManifestObjects? listed)
    {
        try
        {
            RuleModelChange? change = BuildModel(options, listed, out string mode);
            if (change is null)
            {
                return ExitCode.Failure;
            }

            Write(change, mode, options);
            return ExitCode.Success;
        }
        catch (Exception e) when (IsExpected(e))
        {
            errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }
    }

    private RuleModelChange? BuildModel(DryRunOptions options, ManifestObjects? listed, out string mode)
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
        ManifestObjects? objects = listed ?? ReadManifests(options.Paths, options);
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

    private ManifestObjects? ReadManifests(IReadOnlyList<string> paths, DryRunOptions options) => _files.ReadManifests(paths, options.IsRecursive, "no rules are printed", options.AreNotesBrief);

    private void Write(RuleModelChange change, string mode, DryRunOptions options)
    {
        if (options.OutputPath is null)
        {
            using Stream output = openOutput();
            Write(change, mode, options, output);
            return;
        }

        // Whoever watches the file sees the old rules or the new ones, never half of them.
        OutputFile.Write(options.OutputPath, file => Write(change, mode, options, file));
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
