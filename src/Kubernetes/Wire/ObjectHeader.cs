using System.Text;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// <c>metadata</c> of an object, read in place. Labels and annotations are looked up by their bytes without a map;
/// managedFields, over half of a small Service, are skipped (wire notes 1.7, 1.9).
/// </summary>
internal readonly ref struct ObjectHeader
{
    /// <summary>The key of metadata in every object.</summary>
    public const uint Key = 0x0a;

    private const uint LabelsKey = 0x5a;
    private const uint AnnotationsKey = 0x62;

    private readonly ReadOnlySpan<byte> _message;

    private ObjectHeader(ReadOnlySpan<byte> message, ReadOnlySpan<byte> name, ReadOnlySpan<byte> space, ReadOnlySpan<byte> version, bool isBeingDeleted)
    {
        _message = message;
        Name = name;
        Namespace = space;
        ResourceVersion = version;
        IsBeingDeleted = isBeingDeleted;
    }

    /// <summary><c>name</c>.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary><c>namespace</c>; empty for cluster-wide objects.</summary>
    public ReadOnlySpan<byte> Namespace { get; }

    /// <summary><c>resourceVersion</c>.</summary>
    public ReadOnlySpan<byte> ResourceVersion { get; }

    /// <summary>Whether <c>deletionTimestamp</c> is set.</summary>
    public bool IsBeingDeleted { get; }

    /// <summary>Reads the metadata message.</summary>
    public static ObjectHeader Read(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> space = default;
        ReadOnlySpan<byte> version = default;
        bool isBeingDeleted = false;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // name
                    name = reader.ReadBytes();
                    break;
                case 0x1a: // namespace
                    space = reader.ReadBytes();
                    break;
                case 0x32: // resourceVersion
                    version = reader.ReadBytes();
                    break;
                case 0x4a: // deletionTimestamp: only its presence matters
                    reader.ReadBytes();
                    isBeingDeleted = true;
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new(message, name, space, version, isBeingDeleted);
    }

    /// <summary>Reads the metadata of any object.</summary>
    public static ObjectHeader ReadFrom(ReadOnlySpan<byte> anyObject)
    {
        WireReader reader = new(anyObject);
        while (reader.TryReadKey(out uint key))
        {
            if (key == Key)
            {
                return Read(reader.ReadBytes());
            }

            reader.Skip(key);
        }

        return default;
    }

    /// <summary>Looks up a label.</summary>
    public bool TryGetLabel(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value) => TryGet(LabelsKey, key, out value);

    /// <summary>Looks up an annotation.</summary>
    public bool TryGetAnnotation(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value) => TryGet(AnnotationsKey, key, out value);

    private bool TryGet(uint map, ReadOnlySpan<byte> wanted, out ReadOnlySpan<byte> value)
    {
        WireReader reader = new(_message);
        while (reader.TryReadKey(out uint key))
        {
            if (key != map)
            {
                reader.Skip(key);
            }
            else if (IsEntryOf(reader.ReadBytes(), wanted, out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    private static bool IsEntryOf(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> wanted, out ReadOnlySpan<byte> value)
    {
        value = default;
        bool isWanted = false;
        WireReader reader = new(entry);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // key
                    isWanted = reader.ReadBytes().SequenceEqual(wanted);
                    break;
                case 0x12: // value
                    value = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return isWanted;
    }
}

/// <summary>Reads names of objects from their metadata.</summary>
internal static class WireName
{
    /// <summary>The key of an object in a namespace; an empty namespace is <c>default</c>, as in files.</summary>
    /// <exception cref="WireException">The object has no name.</exception>
    public static NamespacedName Namespaced(in ObjectHeader header, NameTable names) =>
        names.Resolve(header.Namespace.IsEmpty ? "default"u8 : header.Namespace, NotEmpty(header.Name));

    /// <summary>The key of a cluster-wide object.</summary>
    /// <exception cref="WireException">The object has no name.</exception>
    public static NamespacedName ClusterWide(in ObjectHeader header, NameTable names) => names.Resolve(default, NotEmpty(header.Name));

    /// <summary>A resource version; empty if it is too long to be one.</summary>
    public static string ResourceVersion(in ObjectHeader header) =>
        header.ResourceVersion.Length > 64 ? "" : Encoding.UTF8.GetString(header.ResourceVersion);

    private static ReadOnlySpan<byte> NotEmpty(ReadOnlySpan<byte> name) => name.IsEmpty ? throw new WireException("an object has no name") : name;
}
