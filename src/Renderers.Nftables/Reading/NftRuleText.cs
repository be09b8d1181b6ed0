using System.Collections.Frozen;
using System.Text;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Reads a rule in nft's language. An unknown statement lasts up to the next keyword that a match or statement begins with:
/// rather too much becomes unknown than too little.
/// </summary>
internal sealed partial class NftRuleText
{
    /// <summary>Keywords that matches begin with.</summary>
    private static readonly FrozenSet<string> s_matches = FrozenSet.Create(
        StringComparer.Ordinal,
        "ip", "ip6", "tcp", "udp", "udplite", "sctp", "dccp", "th", "icmp", "icmpv6", "igmp", "ether", "vlan", "arp", "esp", "ah", "comp", "meta", "ct", "fib", "numgen",
        "mark", "iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup", "iiftype", "oiftype", "skuid", "skgid", "rt", "socket", "osf", "ipsec", "jhash", "symhash",
        "exthdr", "hbh", "frag", "dst", "mh", "gre", "vxlan", "geneve", "tunnel", "limit", "quota");

    /// <summary>Keywords that statements begin with.</summary>
    private static readonly FrozenSet<string> s_statements = FrozenSet.Create(
        StringComparer.Ordinal,
        "accept", "drop", "return", "continue", "jump", "goto", "queue", "counter", "log", "last", "reject", "dnat", "snat", "redirect", "masquerade", "notrack",
        "update", "add", "delete", "flow", "synproxy", "tproxy", "dup", "fwd", "xt", "comment");

    /// <summary>Keywords with an operand, which does not begin a match or statement.</summary>
    private static readonly FrozenSet<string> s_binding = FrozenSet.Create(
        StringComparer.Ordinal,
        ".", "&", "|", "^", "and", "or", "xor", "==", "!=", "<", ">", "<=", ">=", "!", "eq", "ne", "lt", "gt", "le", "ge", "not", "set", "vmap", "map", "to", "with", "flags", "type", "original", "reply", "rt", "jhash", "symhash",
        "l4proto", "protocol", "nfproto", "snat", "dnat", "tproxy", "dup", "fwd", "flow", "add", "update", "delete");

    private readonly List<NftKeyword> _words;
    private readonly NftTextExpressions _expressions;
    private readonly List<NftStatement> _statements = [];
    private readonly byte[] _text;
    private string _comment = "";

    private NftRuleText(ReadOnlySpan<byte> text, int line)
    {
        _text = text.ToArray();
        _words = NftKeywords.Split(text, line);
        _expressions = new(_words);
    }

    public static NftRule Read(ReadOnlySpan<byte> text, int line)
    {
        NftRuleText rule = new(text, line);
        while (!rule._expressions.IsAtEnd)
        {
            rule.Next();
        }

        return new(rule._statements, rule.Text(0, rule._words.Count), rule._comment);
    }

    private void Next()
    {
        int start = _expressions.Position;
        if (_expressions.Skip("comment") && start == _words.Count - 2)
        {
            _comment = _expressions.Take();
            return;
        }

        _expressions.Position = start;
        NftStatement? read = Statement(start);
        bool isWhole = read is not null && (_expressions.IsAtEnd || IsBeginning(_expressions.Position));
        _statements.Add(isWhole ? read! : Unknown(start)); // not null if it is complete
    }

    private bool IsBeginning(int position) =>
        _words[position].Kind == NftTokenKind.Word
        && (s_matches.Contains(_words[position].Text) || s_statements.Contains(_words[position].Text) || _words[position].Text.StartsWith('@'));

    private bool IsOperand(int position) => _words[position - 1].Kind == NftTokenKind.Word && s_binding.Contains(_words[position - 1].Text);

    private NftStatement Unknown(int start)
    {
        int position = start;
        int depth = 0;
        bool isMatch = _words[start].Kind == NftTokenKind.Word && !s_statements.Contains(_words[start].Text);
        do
        {
            depth += _words[position].Kind switch { NftTokenKind.Open => 1, NftTokenKind.Close => -1, _ => 0 };
            isMatch &= depth > 0 || _words[position] is not { Kind: NftTokenKind.Word, Text: "set" or "vmap" };
            position++;
        }
        while (position < _words.Count && (depth > 0 || !IsBeginning(position) || IsOperand(position)));
        _expressions.Position = position;
        string text = Text(start, position);
        return isMatch ? new NftStatement.UnknownMatch(text) : new NftStatement.Unknown(text);
    }

    /// <summary>The text of some tokens on one line.</summary>
    private string Text(int start, int end)
    {
        if (start == end)
        {
            return "";
        }

        string text = Encoding.UTF8.GetString(_text.AsSpan(_words[start].Start, _words[end - 1].End - _words[start].Start));
        return text.AsSpan().ContainsAny('\n', '\t') || text.Contains("  ", StringComparison.Ordinal)
            ? string.Join(' ', text.Split((char[])['\n', '\t', ' ', '\r'], StringSplitOptions.RemoveEmptyEntries))
            : text;
    }
}
