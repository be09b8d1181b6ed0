using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.Testing;

namespace KubeProxySharp.FakeApi.Tests;

/// <summary>What a real API server answered, and the fake brought into the state in which it did.</summary>
internal static class Recorded
{
    public const string Json = "application/json";
    public const string Protobuf = "application/vnd.kubernetes.protobuf";

    public static readonly string[] Resources = ["services", "endpointslices", "nodes", "servicecidrs"];

    public static byte[] Body(string name) => File.ReadAllBytes(Path(name + ".body"));

    /// <summary>The headers; those that differ at each answer have no value.</summary>
    public static SortedDictionary<string, string> Headers(string name)
    {
        SortedDictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in File.ReadLines(Path(name + ".headers")).Skip(1).Where(line => line.Contains(':', StringComparison.Ordinal)))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            Add(headers, line[..colon], line[(colon + 1)..].Trim());
        }

        return headers;
    }

    public static int Code(string name) => int.Parse(File.ReadLines(Path(name + ".headers")).First().Split(' ')[1], null);

    public static void Add(SortedDictionary<string, string> headers, string name, string value) =>
        headers[name] = name.ToLowerInvariant() is "audit-id" or "date" || name.StartsWith("X-Kubernetes-Pf", StringComparison.OrdinalIgnoreCase)
            ? "*"
            : value.Replace("; ", ";", StringComparison.Ordinal);

    /// <summary>The objects as they were at the beginning, version 114.</summary>
    public static void LoadInto(ObjectStore store)
    {
        foreach (string resource in Resources)
        {
            store.Load(Encoding.UTF8.GetString(Body(resource + "/list.json")), keepVersions: true);
        }
    }

    /// <summary>Makes the changes that were made while the watches ran, at the same versions.</summary>
    public static void ReplayInto(ObjectStore store)
    {
        IEnumerable<(long Version, string Type, ResourceType Resource, string Object)> events =
            from resource in Resources
            from line in Encoding.UTF8.GetString(Body(resource + "/watch.json")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            let document = JsonDocument.Parse(line).RootElement
            let type = document.GetProperty("type").GetString()
            where type != "BOOKMARK"
            let item = document.GetProperty("object")
            select (
                long.Parse(item.GetProperty("metadata").GetProperty("resourceVersion").GetString()!, null),
                type,
                ResourceType.All.Single(candidate => candidate.Plural == resource),
                item.GetRawText());
        foreach ((long version, string type, ResourceType resource, string item) in events.OrderBy(change => change.Version))
        {
            store.AdvanceTo(version - 1);
            if (type == "DELETED")
            {
                JsonElement metadata = JsonDocument.Parse(item).RootElement.GetProperty("metadata");
                string? space = metadata.TryGetProperty("namespace", out JsonElement given) ? given.GetString() : null;
                store.Delete(resource, space, metadata.GetProperty("name").GetString()!).Should().Be(version);
            }
            else
            {
                store.Put(item).Should().Be(version);
            }
        }
    }

    /// <summary>The frames of a watch; those that follow an equal one are left out, since the number of bookmarks is a matter of time.</summary>
    public static List<string> Frames(byte[] body, bool json, bool bookmarks = true)
    {
        List<string> frames = [];
        foreach (byte[] frame in json ? Lines(body) : Cut(body))
        {
            string text = json ? Encoding.UTF8.GetString(frame) : Convert.ToHexString(frame);
            bool plain = Encoding.Latin1.GetString(frame) is string raw
                && raw.Contains("BOOKMARK", StringComparison.Ordinal)
                && !raw.Contains("initial-events-end", StringComparison.Ordinal);
            if ((bookmarks || !plain) && (frames.Count == 0 || frames[^1] != text))
            {
                frames.Add(text);
            }
        }

        return frames;
    }

    private static IEnumerable<byte[]> Lines(byte[] body) =>
        Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<byte[]> Cut(byte[] body)
    {
        for (int at = 0; at < body.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at));
            yield return body[at..(at + 4 + length)];
            at += 4 + length;
        }
    }

    private static string Path(string name) => RepositoryRoot.Combine("tests", "Kubernetes.Tests", "recorded", "wire", name);
}
