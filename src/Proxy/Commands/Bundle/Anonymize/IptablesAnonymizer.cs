using System.Text;
using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// Replaces names and addresses in what iptables-save and <c>ipset save</c> print, word by word. A word stays only if it is known to be the
/// tool's or a number; remarks of which the program knows nothing are left out.
/// </summary>
/// <param name="names">Chooses names.</param>
/// <param name="addresses">Chooses addresses.</param>
/// <param name="services">Knows the names of Services.</param>
internal sealed partial class IptablesAnonymizer(NameMap names, AddressText addresses, ServiceNames services)
{
    private const string LegacyRemark = "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them";

    /// <summary>Learns what names of chains are made of, and the beginnings of interface names.</summary>
    /// <param name="text">What iptables-save printed.</param>
    public void Learn(string text)
    {
        foreach (string line in Lines(text))
        {
            List<string> words = RuleToken.Split(line);
            string? service = null;
            EndpointAddress? endpoint = null;
            for (int index = 0; index + 1 < words.Count; index++)
            {
                string value = words[index + 1];
                switch (words[index])
                {
                    case "--comment":
                        service = value.Split(' ').FirstOrDefault(word => services.Map(word) is not null);
                        break;
                    case "--to-destination":
                        endpoint = EndpointOf(value);
                        break;
                    case "-i" or "-o" or "--physdev-in" or "--physdev-out" when value.EndsWith('+'):
                        names.AddInterfacePrefix(value[..^1]);
                        break;
                }
            }

            if (service is not null)
            {
                services.Learn(service, endpoint);
            }
        }
    }

    /// <summary>Replaces.</summary>
    /// <param name="text">What iptables-save printed.</param>
    public string Map(string text)
    {
        StringBuilder result = new(text.Length);
        foreach (string line in Lines(text))
        {
            if (MapLine(line) is { } mapped)
            {
                result.Append(mapped).Append('\n');
            }
        }

        return result.ToString();
    }

    /// <summary>Replaces in what <c>ipset save</c> printed.</summary>
    public string MapSets(string text)
    {
        HashSet<string> lists = new(StringComparer.Ordinal);
        StringBuilder result = new(text.Length);
        foreach (string line in Lines(text))
        {
            List<string> words = RuleToken.Split(line);
            if (words is ["create", var list, IpSet.ListType, ..])
            {
                lists.Add(list);
            }

            if (words is not [("create" or "add") and var command, var name, ..])
            {
                continue;
            }

            IEnumerable<string> rest = words.Skip(2).Select((word, index) => command != "add" || index != 0 ? Word(word) : lists.Contains(name) ? services.MapChain(word) : MapElement(word));
            result.Append(command).Append(' ').Append(services.MapChain(name)).Append(' ').AppendJoin(' ', rest.Select(RuleToken.Quote)).Append('\n');
        }

        return result.ToString();
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static EndpointAddress? EndpointOf(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && IpAddress.TryParse(text[..colon].Trim('[', ']'), out IpAddress address) && ushort.TryParse(text.AsSpan(colon + 1), out ushort port) ? new(address, port) : null;
    }

    private string? MapLine(string line)
    {
        switch (line[0])
        {
            case '#':
                return line.Contains("iptables-legacy tables present", StringComparison.Ordinal) ? LegacyRemark : Generated().Match(line) is { Success: true } match ? match.Value : null;
            case '*':
                return "*" + Word(line[1..].Trim());
            case ':':
                string[] chain = line[1..].Split(' ', 3);
                return $":{services.MapChain(chain[0])}{string.Concat(chain.Skip(1).Select(word => $" {(Counters().IsMatch(word) ? word : Word(word))}"))}";
            case 'C' when line.Trim() == "COMMIT":
                return "COMMIT";
            default:
                return MapRule(line);
        }
    }

    private string MapRule(string line)
    {
        List<string> words = RuleToken.Split(line);
        StringBuilder result = new(line.Length);
        string option = "";
        int position = 0;
        foreach (string word in words)
        {
            bool isOption = RuleWords.IsOption(word) && !TakesName(option, position);
            bool isCounter = result.Length == 0 && Counters().IsMatch(word);
            string mapped = isOption || isCounter ? word : MapValue(option, position, word);
            (option, position) = isOption && word != "!" ? (word, 0) : (option, position + 1);
            result.Append(result.Length == 0 ? "" : " ").Append(RuleToken.Quote(mapped));
        }

        return result.ToString();
    }

    /// <summary>Whether the next word is a text of the user's, whatever it looks like.</summary>
    private static bool TakesName(string option, int position) => position == 0 && option is "--comment" or "--log-prefix" or "--nflog-prefix" or "--string" or "--name" or "--hashlimit-name";

    /// <summary>Replaces a value.</summary>
    /// <param name="option">The option before it.</param>
    /// <param name="position">How many values of the option are before it.</param>
    /// <param name="word">The value.</param>
    private string MapValue(string option, int position, string word) => option switch
    {
        "-A" or "-j" or "-g" or "-N" or "-P" or "-I" or "--jump" or "--goto" when position == 0 => services.MapChain(word),
        "-i" or "-o" or "--in-interface" or "--out-interface" or "--physdev-in" or "--physdev-out" => names.Interface(word),
        "--comment" => services.MapComment(word),
        "--match-set" or "--add-set" or "--del-set" or "--map-set" when position == 0 => services.MapChain(word),
        "--mac-source" => names.Mac(word),
        "--name" or "--hashlimit-name" when RuleWords.IsOfTools(word) => word,
        "--name" or "--hashlimit-name" => services.MapChain(word),
        "--log-prefix" or "--nflog-prefix" or "--string" or "--hex-string" => names.Word(word),
        _ => Word(word),
    };

    /// <summary>An element of a set: parts with commas between, of which one may be a port with its protocol.</summary>
    private string MapElement(string element) => string.Join(',', element.Split(',').Select(MapElementPart));

    private string MapElementPart(string part)
    {
        const string Bridge = "physdev:"; // before an interface that is a port of a bridge (ipset(8), hash:net,iface)
        string[] halves = part.Split(':');
        bool isPort = halves.Length == 2 && RuleWords.IsOfTools(halves[0]) && RuleWords.IsOfTools(halves[1]);
        return addresses.Map(part) ?? (isPort ? part : NameMap.IsMac(part) ? names.Mac(part) : RuleWords.IsOfTools(part) ? part
            : part.StartsWith(Bridge, StringComparison.Ordinal) ? Bridge + names.Interface(part[Bridge.Length..])
            : names.Interface(part));
    }

    /// <summary>A word of the tool stays, an address is replaced, and so is everything else.</summary>
    private string Word(string word)
    {
        if (addresses.Map(word) is { } address)
        {
            return address;
        }

        if (RuleWords.IsOfTools(word))
        {
            return word;
        }

        string[] parts = word.Split(',');
        return parts.Length > 1 && Array.TrueForAll(parts, part => RuleWords.IsOfTools(part) || addresses.Map(part) is not null)
            ? string.Join(',', parts.Select(part => addresses.Map(part) ?? part))
            : word.Split('/') is [var count, var unit] && RuleWords.IsOfTools(count) && RuleWords.IsOfTools(unit) ? word // such as 3/hour
            : NameMap.IsMac(word) ? names.Mac(word)
            : names.Word(word);
    }

    [GeneratedRegex(@"^# Generated by ip6?tables(-nft|-legacy)?-save v[0-9.]+( \((nf_tables|legacy)\))?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Generated();

    [GeneratedRegex(@"^\[[0-9]+:[0-9]+\]$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Counters();
}
