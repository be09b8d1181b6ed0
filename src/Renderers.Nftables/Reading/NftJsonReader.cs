using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Reads the output of <c>nft -j list ruleset</c> or <c>nft -j list table</c> into a rule set that can be walked, as far
/// as it concerns one family. Supports the expressions of this program's table and of kube-proxy's; others become "may match"
/// and "may do anything". Only tables and chains are read at once; rules and elements are read when a walk comes to them.
/// </summary>
public static class NftJsonReader
{
    /// <summary>Adds the tables of a listing to rule sets.</summary>
    /// <param name="json">The listing, UTF-8. It must not be modified afterwards.</param>
    /// <param name="rules">Each receives the tables of its family; those of the family inet count for both.</param>
    /// <exception cref="RuleTextException">The text is not output of nft.</exception>
    public static void Read(ReadOnlyMemory<byte> json, params ReadOnlySpan<Ruleset> rules)
    {
        NftListing listing;
        try
        {
            listing = new NftJsonParser(json).Read();
        }
        catch (JsonException e)
        {
            throw new RuleTextException((int)(e.LineNumber ?? 0) + 1, "is not the JSON of nft: " + Reason(e));
        }
        catch (Exception e) when (IsOfShape(e))
        {
            throw new RuleTextException(0, "is not the JSON of nft: " + e.Message);
        }

        foreach (Ruleset ruleset in rules)
        {
            listing.AddTo(ruleset);
        }
    }

    /// <summary>Whether an exception means that JSON has not the expected structure, or a number not the expected size.</summary>
    internal static bool IsOfShape(Exception exception) => exception
        is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException or ArgumentOutOfRangeException;

    /// <summary>The problem and its position in the line; the message begins with the number of the line.</summary>
    private static string Reason(JsonException exception)
    {
        int end = exception.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        return string.Create(CultureInfo.InvariantCulture, $"{(end < 0 ? exception.Message : exception.Message[..end])} (byte {exception.BytePositionInLine} of the line)");
    }

    internal static JsonProperty FirstOf(JsonElement item)
    {
        foreach (JsonProperty property in item.EnumerateObject())
        {
            return property;
        }

        throw new FormatException("an empty object");
    }
}
