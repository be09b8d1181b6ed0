using System.Text;
using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// Finds the tables in nft's listings whose rules have expressions of iptables-nft that nft shows by name only:
/// <c>{"xt": ...}</c> in JSON; <c>xt match "comment"</c>, or <c># xt_comment</c> of older versions, in text.
/// </summary>
internal static class OpaqueTables
{
    /// <summary>Finds them in JSON.</summary>
    public static IReadOnlySet<(IpFamily Family, string Table)> InJson(ReadOnlySpan<byte> json)
    {
        HashSet<(IpFamily, string)> found = [];
        if (json.IndexOf("\"xt\""u8) < 0)
        {
            return found;
        }

        Utf8JsonReader reader = new(json, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
        string family = "";
        string table = "";
        bool isOpaque = false;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("xt"u8))
                {
                    isOpaque = true;
                }
                else if (reader.ValueTextEquals("rule"u8))
                {
                    (family, table, isOpaque) = ("", "", false);
                }
                else if (reader.ValueTextEquals("family"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    family = reader.GetString()!;
                }
                else if (reader.ValueTextEquals("table"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    table = reader.GetString()!;
                }
            }

            if (isOpaque && table.Length != 0)
            {
                Add(found, family, table);
            }
        }

        return found;
    }

    /// <summary>Finds them in text.</summary>
    public static IReadOnlySet<(IpFamily Family, string Table)> InText(ReadOnlySpan<byte> text)
    {
        HashSet<(IpFamily, string)> found = [];
        if (text.IndexOf("xt match"u8) < 0 && text.IndexOf("xt target"u8) < 0 && text.IndexOf("# xt_"u8) < 0)
        {
            return found;
        }

        string family = "";
        string table = "";
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range].Trim(" \t\r"u8);
            if (line.StartsWith("table "u8))
            {
                string[] words = Encoding.UTF8.GetString(line).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                (family, table) = words.Length >= 4 ? (words[1], words[2]) : words.Length == 3 ? ("ip", words[1]) : ("", "");
            }
            else if (line.IndexOf("xt match \""u8) >= 0 || line.IndexOf("xt target \""u8) >= 0 || line.IndexOf("# xt_"u8) >= 0)
            {
                Add(found, family, table);
            }
        }

        return found;
    }

    private static void Add(HashSet<(IpFamily, string)> found, string family, string table)
    {
        if (family == "ip")
        {
            found.Add((IpFamily.IPv4, table));
        }
        else if (family == "ip6")
        {
            found.Add((IpFamily.IPv6, table));
        }
    }
}
