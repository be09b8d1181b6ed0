using System.Text;
using System.Text.Json;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Status;

namespace KubeProxySharp.Proxy.Commands.Bundle.Collect;

/// <summary>
/// Collects what a running agent says of itself at its metrics address: state, metrics, effective configuration, flags. kube-proxy itself
/// has all of these but the state.
/// </summary>
/// <param name="collection">Receives it.</param>
/// <param name="client">Asks the agent.</param>
internal sealed class AgentCollector(Collection collection, AgentClient client)
{
    private const string Flagz = "application/json;v=v1alpha1;g=config.k8s.io;as=Flagz";
    private const string ConfigurationKey = "kubeproxy.config.k8s.io";

    /// <summary>Names of flags whose values are left out, whatever program has them.</summary>
    private static readonly string[] s_secretWords = ["token", "password", "secret", "credential", "kubeconfig"];

    /// <summary>The configuration that the agent runs with, its kubeconfig named; null if it does not say.</summary>
    public KubeProxyConfiguration? Configuration { get; private set; }

    /// <summary>The configuration file of egress masquerade; null if that is off or not known.</summary>
    public string? EgressPath { get; private set; }

    /// <summary>The manifests that the agent reads instead of an API server (<c>--manifests</c>); empty if it does not, or that is not known.</summary>
    public IReadOnlyList<string> ManifestPaths { get; private set; } = [];

    /// <summary>Collects.</summary>
    public async Task CollectAsync(CancellationToken stop)
    {
        if (await AddAsync(BundlePart.Status, "/status", null, stop) is { } status)
        {
            ReadStatus(status);
        }

        await AddAsync(BundlePart.Metrics, "/metrics", "text/plain;version=0.0.4", stop);
        (byte[]? mode, _) = await client.GetAsync("/proxyMode", null, stop);
        if (collection.Mode.Length == 0 && mode is not null && Encoding.UTF8.GetString(mode).Trim() is ProxyMode.Iptables or ProxyMode.Nftables or ProxyMode.Ipvs)
        {
            collection.Mode = Encoding.UTF8.GetString(mode).Trim();
        }

        (byte[]? flags, string problem) = await client.GetAsync("/flagz", Flagz, stop);
        AddFlags(flags, problem);
        (byte[]? configuration, problem) = await client.GetAsync("/configz", null, stop);
        if (configuration is null)
        {
            collection.Miss(BundlePart.Configuration, problem);
        }
        else
        {
            ReadConfiguration(configuration);
        }
    }

    private async Task<byte[]?> AddAsync(BundlePart part, string path, string? accept, CancellationToken stop)
    {
        (byte[]? body, string problem) = await client.GetAsync(path, accept, stop);
        if (body is null)
        {
            collection.Miss(part, problem);
        }
        else
        {
            collection.Add(part, body, $"http://{client.EndPoint}{path}");
        }

        return body;
    }

    private void ReadStatus(byte[] body)
    {
        try
        {
            if (StatusDocument.Read(body) is { Agent: { } agent })
            {
                collection.Node = agent.Node;
                collection.Mode = agent.Mode;
                collection.Versions["agent"] = $"{agent.Version} (rules of kube-proxy {agent.KubeProxyVersion}), {agent.Runtime}";
            }
        }
        catch (JsonException e)
        {
            collection.Remark(BundlePart.Status, $"the answer of {client.EndPoint} is in it, but is not understood: {e.Message}");
        }
    }

    private void AddFlags(byte[]? json, string problem)
    {
        if (json is null)
        {
            collection.Miss(BundlePart.Flags, problem);
            return;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("flags", out JsonElement flags) || flags.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException("it has no flags");
            }

            StringBuilder text = new();
            SortedDictionary<string, string> values = new(StringComparer.Ordinal);
            foreach (JsonProperty flag in flags.EnumerateObject())
            {
                values[flag.Name] = flag.Value.ToString();
            }

            foreach ((string name, string value) in values)
            {
                bool isSecret = Array.Exists(s_secretWords, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
                text.Append(name).Append('=').Append(isSecret ? "(left out)" : value).Append('\n');
            }

            collection.Add(BundlePart.Flags, Encoding.UTF8.GetBytes(text.ToString()), $"http://{client.EndPoint}/flagz");
            ManifestPaths = [.. Value("manifests").Trim('[', ']').Split(',').Where(Path.Exists)];
            EgressPath = Value("egress-masquerade") == "true" ? Value("egress-masquerade-config") : null;

            string Value(string name) => values.TryGetValue(name, out string? value) ? value : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            collection.Miss(BundlePart.Flags, $"the answer of http://{client.EndPoint}/flagz is not understood: {e.Message}");
        }
    }

    private void ReadConfiguration(byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement inner = document.RootElement.GetProperty(ConfigurationKey);
            using MemoryStream content = new(Encoding.UTF8.GetBytes(inner.GetRawText()));
            Configuration = ConfigurationReader.Read(content).Value;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or DocumentException or ConfigurationException)
        {
            collection.Miss(BundlePart.Configuration, $"the answer of http://{client.EndPoint}/configz is not understood: {e.Message}");
        }
    }
}
