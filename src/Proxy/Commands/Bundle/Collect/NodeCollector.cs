using System.Text;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Commands.Bundle.Collect;

/// <summary>Collects everything of this node. What cannot be collected is noted, and is no error.</summary>
/// <param name="streams">Where notes go.</param>
/// <param name="host">The host.</param>
internal sealed class NodeCollector(CommandStreams streams, AgentHost host)
{
    private const int NetAdmin = 12; // CAP_NET_ADMIN of linux/capability.h

    private readonly Collection _collection = new(host.Runner);
    private readonly InputFiles _files = new(streams.OpenInput, streams.Errors);

    /// <summary>Collects.</summary>
    /// <exception cref="ConfigurationException">The configuration file that was given is not valid.</exception>
    /// <exception cref="IOException">The configuration file that was given cannot be read.</exception>
    public async Task<BundleContents> CollectAsync(BundleOptions options, Progress progress, CancellationToken stop)
    {
        DateTimeOffset time = host.Time.GetUtcNow();
        KubeProxyConfiguration? given = options.ConfigPath is { } path ? _files.ReadConfiguration(path, isStrict: false) : null;
        progress.Step("asking the agent");
        using AgentClient client = new(options.MetricsAddress ?? (given ?? new()).MetricsBindAddress, BundlePart.Metrics.MostBytes);
        AgentCollector agent = new(_collection, client);
        await agent.CollectAsync(stop);
        KubeProxyConfiguration configuration = agent.Configuration ?? given ?? new();
        AddEgress(options.EgressPath ?? agent.EgressPath);

        progress.Step("listing rules");
        RuleCollector rules = new(_collection);
        await rules.CollectAsync(stop);
        ChooseMode(options, agent.Configuration ?? given, rules);
        ChooseNode(options, configuration);
        AddConfiguration(agent.Configuration ?? given, agent.Configuration is null ? options.ConfigPath : $"http://{client.EndPoint}/configz");

        progress.Step("listing interfaces and routes");
        await _collection.AddOutputAsync(
            BundlePart.Network, "ip prints nothing", [new("ip", "-j", "route", "show", "table", "all"), new("ip", "-j", "-d", "addr"), new("ip", "-j", "rule"), new("ip", "-6", "-j", "rule")], stop);
        progress.Step("listing conntrack flows");
        new FlowCollector(_collection, host.Files).Collect();
        progress.Step("reading the cluster's objects");
        await AddObjectsAsync(WithManifests(options, agent.ManifestPaths), given ?? configuration, stop);
        progress.Step("reading the log");
        await new LogCollector(_collection).CollectAsync(options.LogPath, stop);
        await AddVersionsAsync(stop);
        return _collection.Finish(time, HasNetAdmin());
    }

    /// <summary>
    /// The configuration without the path of the kubeconfig, which is of no use elsewhere and may name a user. It names the mode, since only
    /// the settings of its mode are written.
    /// </summary>
    private void AddConfiguration(KubeProxyConfiguration? configuration, string? source)
    {
        if (configuration is not null)
        {
            KubeProxyConfiguration shown = configuration with { Mode = _collection.Mode, ClientConnection = configuration.ClientConnection with { Kubeconfig = "" } };
            _collection.Add(BundlePart.Configuration, Encoding.UTF8.GetBytes(ConfigurationWriter.ToYaml(shown)), source ?? "");
        }
    }

    private void AddEgress(string? path)
    {
        if (path is null)
        {
            _collection.Miss(BundlePart.Egress, "egress masquerade is off, or not known to be on (--egress-masquerade)");
            return;
        }

        try
        {
            // Without a file ip-masq-agent's defaults apply, as they do with an empty one.
            _collection.Add(BundlePart.Egress, File.Exists(path) ? File.ReadAllBytes(path) : "# the file does not exist: the defaults of ip-masq-agent apply\n"u8.ToArray(), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _collection.Miss(BundlePart.Egress, e.Message);
        }
    }

    private void ChooseMode(BundleOptions options, KubeProxyConfiguration? configuration, RuleCollector rules)
    {
        if (options.Mode is { } mode)
        {
            _collection.Mode = mode;
        }
        else if (_collection.Mode.Length == 0)
        {
            _collection.Mode = configuration?.EffectiveMode ?? rules.FindMode();
        }
    }

    private void ChooseNode(BundleOptions options, KubeProxyConfiguration configuration)
    {
        if (options.NodeName is not null || _collection.Node.Length == 0)
        {
            _collection.Node = NodeName.Resolve(options.NodeName ?? configuration.HostnameOverride, host.HostName);
        }
    }

    /// <summary>An agent that reads manifests is asked about those, unless the command line names other objects.</summary>
    private static BundleOptions WithManifests(BundleOptions options, IReadOnlyList<string> paths) =>
        options.Paths.Count == 0 && options.Kubeconfig is null && options.Context is null ? options with { Paths = paths } : options;

    private async Task AddObjectsAsync(BundleOptions options, KubeProxyConfiguration configuration, CancellationToken stop)
    {
        ClusterOptions reading = options with { AddNeeds = needs => needs.AddPodsOn(_collection.Node), AreNotesBrief = true };
        try
        {
            ObjectSource source = new(_files, host, streams.Errors);
            if (await source.ReadAsync(reading, configuration, null, "they are left out of the bundle", stop) is not { } objects)
            {
                _collection.Miss(BundlePart.Objects, "the objects have errors; the messages of the command name them");
                return;
            }

            using MemoryStream json = new();
            ManifestWriter.Write(objects, json);
            _collection.Add(BundlePart.Objects, json.ToArray(), options.Paths.Count == 0 ? "the API server" : string.Join(", ", options.Paths));
        }
        catch (Exception e) when (e is InputException or ConnectionException or IOException or UnauthorizedAccessException)
        {
            _collection.Miss(BundlePart.Objects, e.Message);
        }
    }

    private async Task AddVersionsAsync(CancellationToken stop)
    {
        _collection.Versions["kube-proxy-sharp"] = ProgramCommandLine.VersionText;
        Add("kernel", ReadSetting("proc/sys/kernel/osrelease"));
        Add("iptables", await _collection.FirstLineAsync(new("iptables", "--version"), stop));
        Add("nft", await _collection.FirstLineAsync(new("nft", "--version"), stop));
        Add("ip", await _collection.FirstLineAsync(new("ip", "-V"), stop));
        Add("os", ReadOsName());

        void Add(string name, string? version)
        {
            if (!string.IsNullOrEmpty(version))
            {
                _collection.Versions[name] = version;
            }
        }
    }

    /// <summary>PRETTY_NAME of os-release(5).</summary>
    private string? ReadOsName()
    {
        const string Key = "PRETTY_NAME=";
        string? line = ReadSetting("etc/os-release")?.Split('\n').FirstOrDefault(static line => line.StartsWith(Key, StringComparison.Ordinal));
        return line?[Key.Length..].Trim('"');
    }

    private string? ReadSetting(string path)
    {
        try
        {
            return host.Files.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the effective capabilities (proc(5), CapEff) include CAP_NET_ADMIN.</summary>
    private bool HasNetAdmin()
    {
        const string Key = "CapEff:";
        string? line = ReadSetting("proc/self/status")?.Split('\n').FirstOrDefault(static line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is not null && ulong.TryParse(line.AsSpan(Key.Length).Trim(), System.Globalization.NumberStyles.AllowHexSpecifier, null, out ulong capabilities) && (capabilities >> NetAdmin & 1) != 0;
    }
}
