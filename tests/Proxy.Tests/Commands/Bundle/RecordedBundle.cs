using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle;

/// <summary>The bundle of a node of a recorded case: rules of the real kube-proxy, and the objects that they came from.</summary>
internal static class RecordedBundle
{
    public static BundleContents Of(string name, string mode)
    {
        string directory = RecordedCases.CaseDirectory(name);
        ManifestObjects objects = ModelLoader.ReadObjects(Path.Combine(directory, "objects.json"));
        Dictionary<BundlePart, byte[]> files = new()
        {
            [BundlePart.Objects] = Json(objects),
            [BundlePart.Configuration] = File.ReadAllBytes(Path.Combine(directory, "config.yaml")),
            [BundlePart.Network] = Network(directory),
            [BundlePart.Flows] = Flows(objects),
            [BundlePart.Log] = Encoding.UTF8.GetBytes(string.Join('\n', objects.Services.Keys)),
            [BundlePart.Metrics] = Encoding.UTF8.GetBytes(
                "# HELP up Up.\nup 1\nlatency_bucket{le=\"0.5\",ip_family=\"IPv4\"} 3\n" + string.Concat(objects.Services.Keys.Select(static service => $"connections_total{{namespace=\"{service.Namespace}\",service=\"{service.Name}\"}} 1\n"))),
        };
        if (mode == ProxyMode.Nftables)
        {
            files[BundlePart.NftJson] = File.ReadAllBytes(Path.Combine(directory, "nftables", "nft.json"));
            files[BundlePart.NftText] = File.ReadAllBytes(Path.Combine(directory, "nftables", "nft.txt"));
        }
        else
        {
            files[BundlePart.IptablesNft] = File.ReadAllBytes(Path.Combine(directory, "iptables", "iptables-save.txt"));
            files[BundlePart.Ip6tablesNft] = File.ReadAllBytes(Path.Combine(directory, "iptables", "ip6tables-save.txt"));
        }

        RecordedNode node = RecordedNode.Read(directory);
        BundleManifest manifest = new()
        {
            Time = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero),
            Node = node.Name,
            Mode = mode,
            Collected = [.. files.Select(file => new CollectedPart(file.Key.Name, file.Value.Length, $"from {node.Addresses[^1]} of {node.Name}"))],
            Missing = [new(BundlePart.Status.Name, $"{node.Name} does not answer at {node.Addresses[^1]}")],
        };
        return new(manifest, files);
    }

    private static byte[] Json(ManifestObjects objects)
    {
        using MemoryStream json = new();
        ManifestWriter.Write(objects, json);
        return json.ToArray();
    }

    /// <summary>The interfaces of the recording as <c>ip -j -d addr</c> prints them, with routes to the pods of other nodes.</summary>
    private static byte[] Network(string directory)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "case.json")));
        JsonArray interfaces = [];
        JsonArray routes = [];
        int index = 1;
        foreach (JsonElement nic in document.RootElement.GetProperty("interfaces").EnumerateArray())
        {
            string[][] addresses = [.. nic.GetProperty("addresses").EnumerateArray().Select(static address => address.GetString()!.Split('/'))];
            interfaces.Add((JsonNode)new JsonObject
            {
                ["ifindex"] = index++,
                ["ifname"] = nic.GetProperty("name").GetString(),
                ["address"] = "52:54:00:12:34:56",
                ["addr_info"] = new JsonArray([.. addresses.Select(static address => new JsonObject { ["family"] = address[0].Contains(':') ? "inet6" : "inet", ["local"] = address[0], ["prefixlen"] = int.Parse(address.ElementAtOrDefault(1) ?? "32", null), ["scope"] = "global" })]),
            });
            foreach (string[] address in addresses.Where(static address => address.Length == 2 && IpPrefix.TryParse(string.Join('/', address), out _)))
            {
                IpPrefix range = IpPrefix.Parse(string.Join('/', address));
                routes.Add((JsonNode)new JsonObject { ["dst"] = range.ToString(), ["dev"] = nic.GetProperty("name").GetString(), ["prefsrc"] = address[0], ["flags"] = new JsonArray() });
                routes.Add((JsonNode)new JsonObject { ["type"] = "local", ["dst"] = address[0], ["dev"] = nic.GetProperty("name").GetString(), ["table"] = "local", ["flags"] = new JsonArray() });
            }
        }

        return Encoding.UTF8.GetBytes($"{routes.ToJsonString()}\n{interfaces.ToJsonString()}\n");
    }

    private static byte[] Flows(ManifestObjects objects)
    {
        StringBuilder text = new();
        IpAddress client = IpAddress.Parse("198.51.100.77");
        foreach (EndpointSlice slice in objects.EndpointSlices.Values.Where(static slice => slice.AddressType == AddressType.IPv4 && !slice.Ports.IsEmpty))
        {
            foreach (SliceEndpoint endpoint in slice.Endpoints)
            {
                if (objects.Services.TryGetValue(slice.Service, out Service? service) && IpAddress.TryParse(service.ClusterIP, out IpAddress dialled) && dialled.IsIPv4)
                {
                    ConntrackTuple original = new(IpFamily.IPv4, 6, client, dialled, 40000, (ushort)service.Ports[0].Port);
                    ConntrackTuple reply = new(IpFamily.IPv4, 6, endpoint.Address, client, slice.Ports[0].Port, 40000);
                    FlowText.AppendLine(text, new() { Original = original, Reply = reply, TcpState = TcpState.Established, Status = ConntrackStatus.SeenReply | ConntrackStatus.Assured, TimeoutSeconds = 86400 });
                }
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
