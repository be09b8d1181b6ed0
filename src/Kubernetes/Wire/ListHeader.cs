using System.Text;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>The metadata of a list.</summary>
/// <param name="ResourceVersion">The version that a watch continues from; empty if it was missing.</param>
/// <param name="Continue">The token of the next page; empty after the last.</param>
internal readonly record struct ListHeader(string ResourceVersion, string Continue)
{
    private const int MaxTokenLength = 16 * 1024;

    /// <summary>Reads the list header message.</summary>
    /// <exception cref="WireException">It is broken.</exception>
    public static ListHeader Read(ReadOnlySpan<byte> message)
    {
        ListHeader header = new("", "");
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x12: // resourceVersion
                    header = header with { ResourceVersion = Text(reader.ReadBytes()) };
                    break;
                case 0x1a: // continue
                    header = header with { Continue = Text(reader.ReadBytes()) };
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return header;
    }

    private static string Text(ReadOnlySpan<byte> text) =>
        text.Length <= MaxTokenLength ? Encoding.UTF8.GetString(text) : throw new WireException("a list header is too long");
}
