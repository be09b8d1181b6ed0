using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// Replaces the names and addresses in a bundle, each by the same one in all of its files, so that these still agree with one another.
/// What is free text, and what cannot be read, is left out.
/// </summary>
internal sealed class BundleAnonymizer
{
    private const string FreeText = "left out, since it is free text (--anonymize)";
    private const string Unreadable = "left out, since it cannot be read and so not be anonymized";

    private static readonly BundlePart[] s_iptables =
        [BundlePart.IptablesNft, BundlePart.Ip6tablesNft, BundlePart.IptablesLegacy, BundlePart.Ip6tablesLegacy, BundlePart.Iptables, BundlePart.Ip6tables];

    private readonly NameMap _names;
    private readonly AddressText _addresses;
    private readonly ServiceNames _services;
    private readonly IptablesAnonymizer _iptables;
    private readonly NftAnonymizer _nft;
    private readonly ConfigurationAnonymizer _configuration;
    private readonly Dictionary<BundlePart, byte[]> _files = [];
    private readonly List<MissingPart> _missing = [];

    /// <summary>Makes one; it is used for one bundle.</summary>
    /// <param name="key">Chooses names and addresses.</param>
    public BundleAnonymizer(AnonymousKey key)
    {
        _names = new(key);
        _addresses = new(new(key));
        _services = new(_names, _addresses);
        _iptables = new(_names, _addresses, _services);
        _nft = new(_names, _addresses, _services);
        _configuration = new(_names, _addresses);
    }

    /// <summary>Chooses the names, for questions about the result.</summary>
    public NameMap Names => _names;

    /// <summary>Chooses the addresses, for questions about the result.</summary>
    public AddressMap Addresses => _addresses.Addresses;

    /// <summary>Replaces.</summary>
    public BundleContents Anonymize(BundleContents bundle)
    {
        bundle = new(bundle.Manifest with { Mode = bundle.Manifest.Mode is ProxyMode.Iptables or ProxyMode.Nftables or ProxyMode.Ipvs ? bundle.Manifest.Mode : "" }, bundle.Files);
        ManifestObjects? objects = ReadObjects(bundle[BundlePart.Objects]);
        KubeProxyConfiguration? configuration = bundle[BundlePart.Configuration] is { } text ? ConfigurationAnonymizer.Read(text) : null;
        JsonNode? nft = Parse(bundle[BundlePart.NftJson]);
        Learn(bundle, objects, configuration, nft);

        Put(bundle, BundlePart.Objects, _ => objects is null ? null : Write(new ObjectAnonymizer(_names, _addresses).Map(objects)));
        Put(bundle, BundlePart.Configuration, _ => configuration is null ? null : _configuration.Map(configuration with { Mode = bundle.Manifest.Mode.Length == 0 ? configuration.Mode : bundle.Manifest.Mode }));
        Put(bundle, BundlePart.Egress, _configuration.MapEgress);
        foreach (BundlePart part in s_iptables)
        {
            Put(bundle, part, content => Encoding.UTF8.GetBytes(_iptables.Map(Encoding.UTF8.GetString(content))));
        }

        Put(bundle, BundlePart.NftJson, _ => nft is null ? null : Write(_nft.Map(nft)));
        Put(bundle, BundlePart.Ipset, content => Encoding.UTF8.GetBytes(_iptables.MapSets(Encoding.UTF8.GetString(content))));
        Put(bundle, BundlePart.Ipvs, content => Encoding.UTF8.GetBytes(MapIpvs(Encoding.UTF8.GetString(content))));
        Put(bundle, BundlePart.Network, MapNetwork);
        Put(bundle, BundlePart.Flows, MapFlows);
        Put(bundle, BundlePart.FlowSummary, static content => content);
        Put(bundle, BundlePart.Status, new StatusAnonymizer(_names, _services).Map);
        Put(bundle, BundlePart.Metrics, static content => StatusAnonymizer.MapMetrics(Encoding.UTF8.GetString(content)));
        foreach (BundlePart part in (BundlePart[])[BundlePart.Flags, BundlePart.NftText, BundlePart.Log])
        {
            if (bundle.Files.ContainsKey(part))
            {
                _missing.Add(new(part.Name, part == BundlePart.NftText && _files.ContainsKey(BundlePart.NftJson) ? $"left out, since {BundlePart.NftJson.Name} has the same (--anonymize)" : FreeText));
            }
        }

        return new(Map(bundle.Manifest), _files);
    }

    private void Learn(BundleContents bundle, ManifestObjects? objects, KubeProxyConfiguration? configuration, JsonNode? nft)
    {
        if (objects is not null)
        {
            _services.Learn(objects);
        }

        if (configuration is not null)
        {
            _configuration.Learn(configuration);
        }

        if (nft is not null)
        {
            _nft.Learn(nft);
        }

        foreach (BundlePart part in s_iptables)
        {
            _iptables.Learn(bundle[part] is { } rules ? Encoding.UTF8.GetString(rules) : "");
        }
    }

    /// <summary>Reasons, sources and most versions are free text, which may name paths, users and servers.</summary>
    private BundleManifest Map(BundleManifest manifest) => manifest with
    {
        Node = _names.Node(manifest.Node),
        IsAnonymized = true,
        Versions = new SortedDictionary<string, string>(
            manifest.Versions.Where(static entry => entry.Key is "kube-proxy-sharp" or "agent" or "iptables" or "nft" or "ip" or "kernel").ToDictionary(
                static entry => entry.Key, static entry => entry.Key == "kernel" ? StatusAnonymizer.KernelNumber(entry.Value) : entry.Value, StringComparer.Ordinal), StringComparer.Ordinal),
        Collected = [.. BundlePart.All.Where(_files.ContainsKey).Select(part => new CollectedPart(part.Name, _files[part].Length, ""))],
        Missing =
        [
            .. manifest.Missing.Where(static missing => BundlePart.Find(BundlePart.Root + missing.File) is not null).Select(static missing => missing with { Reason = "not collected, or not whole; the reason is left out, since it is free text" }),
            .. _missing,
        ],
    };

    private void Put(BundleContents bundle, BundlePart part, Func<byte[], byte[]?> map)
    {
        if (bundle[part] is not { } content)
        {
            return;
        }

        if (map(content) is { } mapped)
        {
            _files[part] = mapped;
        }
        else
        {
            _missing.Add(new(part.Name, Unreadable));
        }
    }

    private byte[]? MapNetwork(byte[] content)
    {
        try
        {
            return new NetworkAnonymizer(_names, _addresses).Map(content);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private byte[]? MapFlows(byte[] content)
    {
        StringBuilder text = new();
        try
        {
            using MemoryStream input = new(content);
            foreach (ConntrackEntry flow in ConntrackText.Read(input))
            {
                FlowText.AppendLine(text, flow with { Original = Map(flow.Original), Reply = Map(flow.Reply) });
            }
        }
        catch (NetlinkException)
        {
            return null;
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private ConntrackTuple Map(ConntrackTuple tuple) => tuple with { Source = Addresses.Map(tuple.Source), Destination = Addresses.Map(tuple.Destination) };

    /// <summary>Lines of ipvsadm(8): words of the program, addresses with ports, numbers.</summary>
    private string MapIpvs(string text)
    {
        StringBuilder result = new(text.Length);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            IEnumerable<string> words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => _addresses.Map(word) ?? (RuleWords.IsOfTools(word) ? word : _names.Word(word)));
            result.Append(line[0] == ' ' ? "  " : "").AppendJoin(' ', words).Append('\n');
        }

        return result.ToString();
    }

    private static ManifestObjects? ReadObjects(byte[]? json)
    {
        if (json is null)
        {
            return null;
        }

        ManifestReader reader = new();
        using MemoryStream content = new(json);
        reader.Read(BundlePart.Objects.Name, content);
        return reader.ErrorCount == 0 ? reader.Objects : null;
    }

    private static byte[] Write(ManifestObjects objects)
    {
        using MemoryStream output = new();
        ManifestWriter.Write(objects, output);
        return output.ToArray();
    }

    private static JsonNode? Parse(byte[]? json)
    {
        try
        {
            Utf8JsonReader reader = new(json);
            return json is null || !reader.Read() ? null : JsonTree.Read(ref reader);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Write(JsonNode node)
    {
        using MemoryStream output = new();
        using (Utf8JsonWriter json = new(output))
        {
            node.WriteTo(json);
        }

        return output.ToArray();
    }
}
