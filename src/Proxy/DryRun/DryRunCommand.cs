using System.Buffers;
using System.Text;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Output;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.DryRun;

/// <summary>
/// <c>dry-run</c>: manifests in, rules out. Standard output holds rules and nothing else, and nothing at all when the
/// input is broken.
/// </summary>
/// <param name="openInput">Opens standard input.</param>
/// <param name="openOutput">Opens standard output.</param>
/// <param name="errors">Standard error, for messages.</param>
internal sealed class DryRunCommand(Func<Stream> openInput, Func<Stream> openOutput, TextWriter errors)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public int Run(DryRunOptions options)
    {
        try
        {
            RuleModelSnapshot? model = BuildModel(options, out string mode);
            if (model is null)
            {
                return ExitCode.Failure;
            }

            Write(model, mode, options);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is InputException or ConfigurationException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }
    }

    private RuleModelSnapshot? BuildModel(DryRunOptions options, out string mode)
    {
        KubeProxyConfiguration configuration = ReadConfiguration(options);
        mode = options.Mode ?? configuration.EffectiveMode;
        if (mode is not ProxyMode.Iptables)
        {
            throw new InputException($"mode {mode} has no dry run yet; give --mode iptables");
        }

        ManifestReader reader = new();
        ManifestFiles.Read(options.Paths, options.IsRecursive, openInput, reader);
        foreach (ManifestMessage message in reader.Messages)
        {
            errors.WriteLine(message);
        }

        if (reader.ErrorCount != 0)
        {
            errors.WriteLine(reader.ErrorCount == 1 ? "error: the input has 1 error; no rules are printed" : $"error: the input has {reader.ErrorCount} errors; no rules are printed");
            return null;
        }

        ClusterInput cluster = new(reader.Objects, configuration, mode);
        string nodeName = cluster.FindNodeName(options.NodeName);
        if (!reader.Objects.Nodes.ContainsKey(nodeName))
        {
            errors.WriteLine(nodeName.Length == 0
                ? "note: the input has no Node; no endpoint is local and the node's addresses are unknown (give a Node, or --node and --node-address)"
                : $"warning: the input has no Node {nodeName}; its zone and addresses are unknown");
        }

        // What is wrong with objects was told with their lines when they were read.
        List<Problem> told = [];
        return cluster.Build(nodeName, options.NodeAddresses, told);
    }

    private KubeProxyConfiguration ReadConfiguration(DryRunOptions options)
    {
        LoadedConfiguration loaded = options.ConfigPath is null
            ? new(new KubeProxyConfiguration(), [])
            : ConfigurationReader.ReadFile(options.ConfigPath);
        foreach (string problem in loaded.StrictProblems)
        {
            errors.WriteLine($"{options.ConfigPath}: {(options.IsStrict ? "error" : "warning")}: {problem}{(options.IsStrict ? "" : "; ignored")}");
        }

        if (options.IsStrict && loaded.StrictProblems.Count != 0)
        {
            throw new InputException("the configuration has unknown or repeated fields, which --strict refuses");
        }

        ConfigurationValidator.ThrowIfInvalid(loaded.Value);
        return loaded.Value;
    }

    private void Write(RuleModelSnapshot model, string mode, DryRunOptions options)
    {
        if (options.OutputPath is null)
        {
            using Stream output = openOutput();
            Write(model, mode, options, output);
            return;
        }

        // Whoever watches the file sees the old rules or the new ones, never half of them.
        string temporary = options.OutputPath + ".tmp";
        using (FileStream output = File.Create(temporary))
        {
            Write(model, mode, options, output);
        }

        File.Move(temporary, options.OutputPath, overwrite: true);
    }

    private static void Write(RuleModelSnapshot model, string mode, DryRunOptions options, Stream output)
    {
        IptablesOptions iptables = new() { HasInvalidDropCounter = options.HasNfacct, HasLocalhostCounter = options.HasNfacct };
        StreamBufferWriter writer = new(output);
        foreach (IpFamily family in options.Families)
        {
            if (options.Families.Count > 1)
            {
                writer.Write(Encoding.UTF8.GetBytes($"# {family}: {mode} rules\n"));
            }

            IptablesRenderer.WriteListing(model[family], iptables, writer);
        }

        writer.Flush();
    }
}
