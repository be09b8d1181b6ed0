using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>A list or a page of one: chooses the objects (kubernetes-wire.md 2.3, 2.4) and writes them.</summary>
internal sealed record ListPage(ResourceType Type, IReadOnlyList<StoredObject> Items, long Version, string Continue, long? Remaining)
{
    public static ListPage Choose(ResourceTable table, long current, ListOptions options, Selector selector)
    {
        ContinueToken? token = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue) : null;
        bool exact = options.Match == "Exact" || (options.Version > 0 && options.Limit > 0 && options.Match.Length == 0);
        long version = token switch
        {
            { Version: > 0 } => token.Version,
            null when exact => options.Version,
            _ => current,
        };
        if (version < table.ListFloor && token is not null)
        {
            throw new ApiException(ApiStatus.Expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue "
                + "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided "
                + "token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was "
                + "returned and now may show up in the list.") with
            {
                Continue = new ContinueToken(-1, token.LastKey).Encode(slash: false),
            });
        }

        if (version < table.ListFloor)
        {
            throw new ApiException(ApiStatus.Expired("The resourceVersion for the provided list is too old."));
        }

        IEnumerable<StoredObject> chosen = table.At(version).Where(selector.Matches);
        if (token is not null)
        {
            chosen = chosen.Where(item => string.CompareOrdinal(item.Key, token.LastKey) > 0);
        }

        StoredObject[] items = [.. chosen];
        // A list "of any age" is served whole from the cache; the limit is ignored.
        int limit = options.ResourceVersion == "0" || options.Limit == 0 ? int.MaxValue : (int)Math.Min(options.Limit, int.MaxValue);
        if (items.Length <= limit)
        {
            return new(table.Type, items, version, "", null);
        }

        string next = new ContinueToken(version, items[limit - 1].Key).Encode();
        return new(table.Type, items[..limit], version, next, selector.Selects ? null : items.Length - limit);
    }

    /// <summary>The body in parts, so that a large list is not copied into one buffer.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> ToProto()
    {
        ProtoBuffer header = new();
        int start = header.Begin(0x0a);
        header.Text(0x0a, "");
        header.Text(0x12, Version.ToString(CultureInfo.InvariantCulture));
        header.Text(0x1a, Continue);
        if (Remaining is { } remaining)
        {
            header.Varint(0x20);
            header.Varint((ulong)remaining);
        }

        header.End(start);
        int length = header.Length + Items.Sum(item => 1 + ProtoBuffer.VarintSize((uint)item.Proto.Length) + item.Proto.Length);
        yield return Envelope.Head(Type.ApiVersion, Type.Kind + "List", length);
        yield return header.ToArray();
        foreach (StoredObject item in Items)
        {
            ProtoBuffer key = new();
            key.Varint(0x12);
            key.Varint((ulong)item.Proto.Length);
            yield return key.ToArray();
            yield return item.Proto;
        }

        yield return Envelope.Tail.ToArray();
    }

    /// <summary>The same in JSON: items have no kind of their own.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> ToJson()
    {
        yield return JsonHead(Type.Kind + "List", Type.ApiVersion);
        byte[] open = "{"u8.ToArray();
        byte[] separator = ",{"u8.ToArray();
        for (int index = 0; index < Items.Count; index++)
        {
            yield return index == 0 ? open : separator;
            yield return Items[index].JsonMembers;
        }

        yield return "]}"u8.ToArray();
    }

    /// <summary>Only the metadata of the objects; these items have a kind.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> ToJsonMetadata()
    {
        yield return JsonHead("PartialObjectMetadataList", "meta.k8s.io/v1");
        for (int index = 0; index < Items.Count; index++)
        {
            using JsonDocument item = JsonDocument.Parse(Items[index].Json);
            string metadata = item.RootElement.GetProperty("metadata").GetRawText();
            yield return Encoding.UTF8.GetBytes(
                $"{(index == 0 ? "" : ",")}{{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{metadata}}}");
        }

        yield return "]}"u8.ToArray();
    }

    private byte[] JsonHead(string kind, string apiVersion)
    {
        string next = Continue.Length == 0 ? "" : $",\"continue\":\"{Continue}\"";
        string remaining = Remaining is null ? "" : $",\"remainingItemCount\":{Remaining}";
        return Encoding.UTF8.GetBytes(
            $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{{\"resourceVersion\":\"{Version}\"{next}{remaining}}},\"items\":[");
    }
}
