using System.Globalization;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Chooses the format of an answer by the Accept header and its q-values (kubernetes-wire.md 1.1).</summary>
internal static class ContentNegotiation
{
    public const string Json = "application/json";
    public const string Protobuf = "application/vnd.kubernetes.protobuf";
    public const string ProtobufWatch = Protobuf + ";stream=watch";

    /// <summary>The format with the highest q-value that can be served.</summary>
    /// <returns>Null when nothing in it can be served: 406.</returns>
    public static WireFormat? Choose(string accept, bool jsonOnly)
    {
        if (string.IsNullOrWhiteSpace(accept))
        {
            return WireFormat.Json;
        }

        WireFormat? best = null;
        double bestQuality = 0;
        foreach (string range in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = range.Split(';', StringSplitOptions.TrimEntries);
            WireFormat? format = parts[0] switch
            {
                Protobuf when !jsonOnly => WireFormat.Protobuf,
                Json or "application/*" or "*/*" => WireFormat.Json,
                _ => null,
            };
            double quality = Quality(parts);
            if (format is not null && quality > bestQuality)
            {
                (best, bestQuality) = (format, quality);
            }
        }

        return best;
    }

    /// <summary>
    /// Whether the best range of an Accept header requests only the metadata of a list's objects
    /// (<c>as=PartialObjectMetadataList;g=meta.k8s.io;v=v1</c>). The Content-Type of the answer does not show it.
    /// </summary>
    public static bool IsMetadataList(string accept)
    {
        string first = accept.Split(',')[0];
        return first.StartsWith(Json + ";", StringComparison.Ordinal)
            && first.Split(';', StringSplitOptions.TrimEntries) is [_, .. string[] parameters]
            && parameters.Contains("as=PartialObjectMetadataList") && parameters.Contains("g=meta.k8s.io") && parameters.Contains("v=v1");
    }

    private static double Quality(string[] parts)
    {
        foreach (string part in parts)
        {
            if (part.StartsWith("q=", StringComparison.Ordinal)
                && double.TryParse(part.AsSpan(2), NumberStyles.Float, CultureInfo.InvariantCulture, out double quality))
            {
                return quality;
            }
        }

        return 1;
    }
}

/// <summary>The formats of the server.</summary>
internal enum WireFormat
{
    Json,
    Protobuf,
}
