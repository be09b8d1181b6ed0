using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Testing;

/// <summary>The node of a recording: <c>case.json</c>.</summary>
public sealed record RecordedNode(string Name, IReadOnlyList<IpAddress> Addresses, bool IsKubernetesServiceHidden, IReadOnlyList<string> Features)
{
    public static RecordedNode Read(string directory)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "case.json")));
        List<IpAddress> addresses = [];
        foreach (JsonElement nic in document.RootElement.GetProperty("interfaces").EnumerateArray())
        {
            foreach (JsonElement address in nic.GetProperty("addresses").EnumerateArray())
            {
                addresses.Add(IpAddress.Parse(address.GetString()!.Split('/')[0]));
            }
        }

        return new(
            document.RootElement.GetProperty("nodeName").GetString()!,
            addresses,
            document.RootElement.GetProperty("defaultKubernetesHidden").GetBoolean(),
            [.. document.RootElement.GetProperty("features").EnumerateArray().Select(feature => feature.GetString()!)]);
    }
}
