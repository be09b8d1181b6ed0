using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Reads the output of <c>nft -j list ruleset</c> or <c>nft -j list table</c> into rules that can be walked through, as far
/// as they concern one family. It knows the expressions of our table and of kube-proxy's; others stay in as "may match" and
/// "may do anything".
/// </summary>
public static class NftJsonReader
{
    /// <summary>Adds the tables of a listing to rule sets.</summary>
    /// <param name="json">The listing, UTF-8.</param>
    /// <param name="rules">Each receives the tables of its family; those of the family inet count for both.</param>
    /// <exception cref="RuleTextException">The text is not what nft prints.</exception>
    public static void Read(ReadOnlyMemory<byte> json, params ReadOnlySpan<Ruleset> rules)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            NftListing listing = ReadObjects(document.RootElement.GetProperty("nftables"));
            foreach (Ruleset ruleset in rules)
            {
                listing.AddTo(ruleset);
            }
        }
        catch (JsonException e)
        {
            throw new RuleTextException((int)(e.LineNumber ?? 0) + 1, "is not the JSON of nft: " + e.Message);
        }
        catch (Exception e) when (IsOfShape(e))
        {
            throw new RuleTextException(0, "is not the JSON of nft: " + e.Message);
        }
    }

    /// <summary>Whether an exception says that JSON has not the shape, or a number not the size, that the code took for granted.</summary>
    internal static bool IsOfShape(Exception exception) => exception
        is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException or ArgumentOutOfRangeException;

    internal static JsonProperty FirstOf(JsonElement item)
    {
        foreach (JsonProperty property in item.EnumerateObject())
        {
            return property;
        }

        throw new FormatException("an empty object");
    }

    private static NftListing ReadObjects(JsonElement objects)
    {
        NftListing listing = new();
        NftJsonSource source = new();
        foreach (JsonElement item in objects.EnumerateArray())
        {
            JsonProperty entry = FirstOf(item);
            JsonElement value = entry.Value;
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("family", out JsonElement family))
            {
                continue;
            }

            string name = value.GetProperty(entry.Name == "table" ? "name" : "table").GetString() ?? "";
            NftTable table = listing.FindOrAdd(family.GetString() ?? "", name, source);
            switch (entry.Name)
            {
                case "table":
                    table.IsDormant = value.TryGetProperty("flags", out JsonElement flags) && NftJsonExpressions.Words(flags).Contains("dormant", StringComparison.Ordinal);
                    break;
                case "chain":
                    table.Chains[NameOf(value)] = ReadChain(value);
                    break;
                case "set" or "map":
                    table.Sets[NameOf(value)] = ReadSet(value, source);
                    break;
                case "rule":
                    table.Chains[value.GetProperty("chain").GetString() ?? ""].Rules.Add(source.Add(value));
                    break;
            }
        }

        return listing;
    }

    private static NftSet ReadSet(JsonElement value, NftJsonSource source)
    {
        NftSet set = new() { ExpirySeconds = value.TryGetProperty("timeout", out JsonElement timeout) ? timeout.GetInt32() : 0 };
        if (value.TryGetProperty("elem", out JsonElement elements))
        {
            set.Elements.Add(source.Add(elements));
        }

        return set;
    }

    private static string NameOf(JsonElement value) => value.GetProperty("name").GetString() ?? "";

    private static NftChain ReadChain(JsonElement value)
    {
        NftChain chain = new(NameOf(value));
        if (!value.TryGetProperty("hook", out JsonElement hook))
        {
            return chain;
        }

        JsonElement priority = value.GetProperty("prio");
        chain.Hook = NftChain.HookOf(hook.GetString());
        chain.Priority = priority.ValueKind == JsonValueKind.Number ? priority.GetInt32() : int.Parse(priority.GetString() ?? "0", CultureInfo.InvariantCulture);
        chain.IsNat = value.GetProperty("type").GetString() == "nat";
        chain.Policy = value.TryGetProperty("policy", out JsonElement policy) && policy.GetString() == "drop" ? WalkVerdict.Drop : WalkVerdict.Accept;
        return chain;
    }
}
