using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>Reads single rules of a dump of iptables-save.</summary>
/// <param name="text">The dump.</param>
/// <param name="sets">The ipsets that rules name.</param>
internal sealed class SaveRuleReader(ReadOnlyMemory<byte> text, IpSets sets) : RuleReader
{
    public override WalkRule Read(RuleSlice slice)
    {
        string line = Encoding.UTF8.GetString(Line(slice));
        List<string> tokens = RuleTokens.Split(line);
        LeaveOutCounters(tokens);
        return new RuleParser(line, tokens, sets).Parse();
    }

    /// <summary><c>iptables -S -v</c> prints counters of packets and bytes as an option: <c>-c 10 840</c>.</summary>
    private static void LeaveOutCounters(List<string> tokens)
    {
        for (int index = 2; index + 2 < tokens.Count; index++)
        {
            if (tokens[index] == "-c" && ulong.TryParse(tokens[index + 1], out _) && ulong.TryParse(tokens[index + 2], out _))
            {
                tokens.RemoveRange(index, 3);
                return;
            }
        }
    }

    /// <summary>
    /// iptables-save prints <c>-s</c> and <c>-d</c> before anything else, so the destination is the first option or the rule has
    /// none. Other forms return false and are parsed.
    /// </summary>
    public override bool TryFindDestination(RuleSlice slice, out IpAddress? destination)
    {
        destination = null;
        ReadOnlySpan<byte> rule = Line(slice);
        ReadOnlySpan<byte> options = rule["-A ".Length..];
        options = options[(options.IndexOf((byte)' ') + 1)..];
        if (!options.StartsWith("-d "u8))
        {
            return rule.IndexOf(" -d "u8) < 0;
        }

        ReadOnlySpan<byte> value = options["-d ".Length..];
        int end = value.IndexOf((byte)' ');
        value = end < 0 ? value : value[..end];
        int slash = value.IndexOf((byte)'/');
        if (slash < 0 || !IpAddress.TryParse(value[..slash], out IpAddress address) || !IsWhole(value[(slash + 1)..], address))
        {
            return false;
        }

        destination = address;
        return true;
    }

    private static bool IsWhole(ReadOnlySpan<byte> length, IpAddress address) => length.SequenceEqual(address.IsIPv4 ? "32"u8 : "128"u8);

    private ReadOnlySpan<byte> Line(RuleSlice slice) => text.Span.Slice(slice.Start, slice.Length);
}
