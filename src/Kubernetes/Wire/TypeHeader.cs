using System.Text;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>apiVersion and kind of an object, as the envelope has them (wire notes 1.2).</summary>
internal readonly ref struct TypeHeader
{
    private readonly ReadOnlySpan<byte> _apiVersion;
    private readonly ReadOnlySpan<byte> _kind;

    private TypeHeader(ReadOnlySpan<byte> apiVersion, ReadOnlySpan<byte> kind)
    {
        _apiVersion = apiVersion;
        _kind = kind;
    }

    /// <summary>Whether this is the kind of errors, <c>v1</c> <c>Status</c>.</summary>
    public bool IsStatus => Is("v1"u8, "Status"u8);

    /// <summary>Reads a type header.</summary>
    public static TypeHeader Read(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> apiVersion = default;
        ReadOnlySpan<byte> kind = default;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // apiVersion
                    apiVersion = reader.ReadBytes();
                    break;
                case 0x12: // kind
                    kind = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new(apiVersion, kind);
    }

    /// <summary>Whether the object is of this kind.</summary>
    public bool Is(ReadOnlySpan<byte> apiVersion, ReadOnlySpan<byte> kind) =>
        _kind.SequenceEqual(kind) && _apiVersion.SequenceEqual(apiVersion);

    /// <summary><c>apiVersion/kind</c>, shortened, for messages.</summary>
    public string Describe() => $"{Shorten(_apiVersion)}/{Shorten(_kind)}";

    private static string Shorten(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, 64)]);
}
