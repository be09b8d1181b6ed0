using System.Text.Json;
using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Inputs.Bundles;

/// <summary>The document <c>manifest.json</c> of a support bundle. Fields are described in docs/bundle.md.</summary>
internal sealed record BundleManifest
{
    /// <summary>The version of the form that this program writes and reads.</summary>
    public const int CurrentSchema = 1;

    public int SchemaVersion { get; init; } = CurrentSchema;

    /// <summary>When the collection began; a time before 1970, which no file can have, counts as its beginning.</summary>
    public DateTimeOffset Time
    {
        get;
        init => field = value > DateTimeOffset.UnixEpoch ? value : DateTimeOffset.UnixEpoch;
    } = DateTimeOffset.UnixEpoch;

    /// <summary>The name of the node; empty if it is not known.</summary>
    public string Node { get; init; } = "";

    /// <summary>iptables, nftables or ipvs; empty if it is not known.</summary>
    public string Mode { get; init; } = "";

    /// <summary>Whether names and addresses were replaced.</summary>
    public bool IsAnonymized { get; init; }

    /// <summary>Whether the collection ran with CAP_NET_ADMIN, without which rules and flows cannot be listed.</summary>
    public bool HadNetAdmin { get; init; }

    /// <summary>Versions, by name of the program: <c>kernel</c>, <c>iptables</c>, <c>nft</c> and so on.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The files of the bundle, the manifest itself not counted.</summary>
    public IReadOnlyList<CollectedPart> Collected { get; init; } = [];

    /// <summary>What is not in the bundle, or not as it was.</summary>
    public IReadOnlyList<MissingPart> Missing { get; init; } = [];

    /// <summary>The JSON text.</summary>
    public byte[] ToJson()
    {
        using MemoryStream output = new();
        ReportJson.Write(this, BundleJson.Default.BundleManifest, output);
        return output.ToArray();
    }

    /// <summary>Reads the JSON text.</summary>
    /// <param name="name">The archive, for messages.</param>
    /// <param name="json">The text.</param>
    /// <exception cref="InputException">It is not such a document, or one of a later version.</exception>
    public static BundleManifest Read(string name, byte[] json)
    {
        BundleManifest? read;
        try
        {
            read = JsonSerializer.Deserialize(json, BundleJson.Default.BundleManifest);
        }
        catch (JsonException e)
        {
            throw new InputException($"--bundle {name}: its {BundlePart.Manifest.Name} cannot be read: {e.Message}");
        }

        return read is { SchemaVersion: CurrentSchema, Collected: not null, Missing: not null, Versions: not null, Node: not null, Mode: not null }
            ? read
            : throw new InputException($"--bundle {name}: has a form that this program does not know (schemaVersion {read?.SchemaVersion}); use the version of the program that made it, or a later one");
    }
}

/// <summary>A file of a bundle.</summary>
/// <param name="File">Its name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Source">The program, address or file that it is from.</param>
internal sealed record CollectedPart(string File, long Bytes, string Source);

/// <summary>A file that is not in the bundle, or a limit of one that is.</summary>
/// <param name="File">Its name.</param>
/// <param name="Reason">Why not.</param>
internal sealed record MissingPart(string File, string Reason);

/// <summary>The JSON form.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BundleManifest))]
internal sealed partial class BundleJson : JsonSerializerContext;
