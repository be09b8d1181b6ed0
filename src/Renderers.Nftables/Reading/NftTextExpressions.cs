using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads expressions from tokens. Null means an unknown expression; the position is then inside it.</summary>
/// <param name="tokens">The tokens.</param>
internal sealed partial class NftTextExpressions(List<NftKeyword> tokens)
{
    /// <summary>The index of the next token.</summary>
    public int Position { get; set; }

    public bool IsAtEnd => Position >= tokens.Count;

    /// <summary>The next token; of the kind <see cref="NftTokenKind.End"/> if there is none.</summary>
    public NftKeyword Peek => IsAtEnd ? default : tokens[Position];

    /// <summary>Whether the next token is this word.</summary>
    public bool IsNext(string word) => Peek.Kind == NftTokenKind.Word && Peek.Text == word;

    /// <summary>Skips the next token if it is this word.</summary>
    public bool Skip(string word)
    {
        bool isNext = IsNext(word);
        Position += isNext ? 1 : 0;
        return isNext;
    }

    public bool Skip(NftTokenKind kind)
    {
        bool isNext = !IsAtEnd && Peek.Kind == kind;
        Position += isNext ? 1 : 0;
        return isNext;
    }

    /// <summary>Returns and skips the text of the next token; empty if there is none.</summary>
    public string Take()
    {
        string text = Peek.Kind is NftTokenKind.Word or NftTokenKind.Quoted ? Peek.Text : "";
        Position += text.Length == 0 ? 0 : 1;
        return text;
    }

    /// <summary>
    /// For a token with a colon and the beginning of a field, such as <c>10.0.0.1:tcp</c>: skips and returns what is before the colon. Null for
    /// other tokens.
    /// </summary>
    public string? TakeBeforeField()
    {
        int colon = Peek.Kind == NftTokenKind.Word ? Peek.Text.LastIndexOf(':') : -1;
        if (colon < 0 || Peek.Text[(colon + 1)..] is not ("tcp" or "udp" or "sctp" or "th" or "ip" or "ip6" or "meta" or "numgen" or "jhash" or "symhash" or "iifname" or "mark" or "ct"))
        {
            return null;
        }

        string before = Peek.Text[..colon];
        tokens[Position] = Peek with { Text = Peek.Text[(colon + 1)..] };
        return before;
    }

    /// <summary>The left side of a match or assignment: fields of the packet or its metadata, concatenated or masked.</summary>
    public NftExpression? Left()
    {
        if (Part() is not { } first)
        {
            return null;
        }

        List<NftExpression> parts = [first];
        while (Skip("."))
        {
            if (Part() is not { } part)
            {
                return null;
            }

            parts.Add(part);
        }

        NftExpression left = parts.Count == 1 ? first : new NftExpression.Concatenation([.. parts]);
        while (Operator() is { } operation)
        {
            left = new NftExpression.Binary(operation, left, Operand());
        }

        return left;
    }

    /// <summary>An operator of a comparison, as a sign; null if there is none.</summary>
    public string? Comparison()
    {
        string? operation = Peek.Kind != NftTokenKind.Word ? null : Peek.Text switch
        {
            "==" or "eq" => "==",
            "!=" or "ne" => "!=",
            "<" or "lt" => "<",
            ">" or "gt" => ">",
            "<=" or "le" => "<=",
            ">=" or "ge" => ">=",
            "!" or "not" => "!",
            _ => null,
        };
        Position += operation is null ? 0 : 1;
        return operation;
    }

    /// <summary>A number, or flags between parentheses: <c>(fin | syn)</c>.</summary>
    private NftExpression.Word Operand()
    {
        string operand = Take();
        while (operand.StartsWith('(') && !operand.EndsWith(')') && !IsAtEnd)
        {
            string next = Take();
            if (next.Length == 0)
            {
                break;
            }

            operand += next;
        }

        return new(operand.Trim('(', ')'));
    }

    /// <summary>The right side of a <c>set</c>: a value or an expression.</summary>
    public NftExpression? Assigned()
    {
        int start = Position;
        if (Left() is { } left)
        {
            return Skip("map") ? (Data() is { } data ? new NftExpression.Map(left, data) : null) : left;
        }

        Position = start;
        return Value();
    }

    /// <summary>A named set or map, or the elements of one.</summary>
    public NftExpression? Data()
    {
        if (Peek.Kind == NftTokenKind.Word && Peek.Text is ['@', .. string name])
        {
            Position++;
            return new NftExpression.Reference(name);
        }

        if (!Skip(NftTokenKind.Open))
        {
            return null;
        }

        List<NftExpression> elements = [];
        Elements(elements);
        return Skip(NftTokenKind.Close) ? new NftExpression.Set([.. elements]) : null;
    }

    /// <summary>Elements up to the brace that closes them, or the end.</summary>
    public void Elements(List<NftExpression> elements)
    {
        while (!IsAtEnd && Peek.Kind != NftTokenKind.Close)
        {
            elements.Add(Element());
            if (!Skip(NftTokenKind.Comma))
            {
                return;
            }
        }
    }

    /// <summary>The right side of a match.</summary>
    public NftExpression? Value()
    {
        if (Data() is { } data)
        {
            return data;
        }

        if (Joined() is not { } first)
        {
            return null;
        }

        List<NftExpression> flags = [first];
        while (Skip(NftTokenKind.Comma))
        {
            if (Joined() is not { } flag)
            {
                return null;
            }

            flags.Add(flag);
        }

        NftExpression read = flags.Count == 1 ? first : new NftExpression.Flags([.. flags]);
        while (Skip("|"))
        {
            if (Joined() is not { } more)
            {
                return null;
            }

            read = new NftExpression.Binary("|", read, more);
        }

        return read;
    }

    /// <summary>A verdict; null if there is none.</summary>
    public RuleStep? Verdict()
    {
        string word = Peek.Kind == NftTokenKind.Word ? Peek.Text : "";
        Position++;
        switch (word)
        {
            case "accept":
                return new RuleStep.Verdict(WalkVerdict.Accept);
            case "drop":
                return new RuleStep.Verdict(WalkVerdict.Drop);
            case "return":
                return new RuleStep.Verdict(WalkVerdict.Return);
            case "continue":
                return new RuleStep.NoEffect("continue");
            case "jump" or "goto" when Take() is { Length: > 0 } chain:
                return new RuleStep.Jump(chain, IsGoto: word == "goto");
            default:
                Position--;
                return null;
        }
    }

    private NftExpression Element()
    {
        int start = Position;
        NftExpression key = Joined() ?? new NftExpression.Raw("");
        while (Skip("|"))
        {
            key = new NftExpression.Binary("|", key, Joined() ?? new NftExpression.Raw(""));
        }

        int options = Position;
        bool isPlain = IsNext(":") || AtEndOfElement();
        if (!isPlain && !(Peek.Kind == NftTokenKind.Word && Peek.Text is "timeout" or "expires" or "comment" or "counter" or "last"))
        {
            // An expression that is not known, or a rate that decides besides the key.
            return Unread(start);
        }

        while (!IsAtEnd && Peek.Kind is NftTokenKind.Word or NftTokenKind.Quoted && !IsNext(":"))
        {
            Position++;
        }

        key = options == Position ? key : new NftExpression.Element(key, Text(options, Position));
        if (!Skip(":"))
        {
            return AtEndOfElement() ? key : Unread(start);
        }

        NftExpression? value = Verdict() is { } verdict ? new NftExpression.Verdict(verdict) : Joined();
        return value is not null && AtEndOfElement() ? new NftExpression.Pair(key, value) : Unread(start);
    }

    private bool AtEndOfElement() => IsAtEnd || Peek.Kind is NftTokenKind.Comma or NftTokenKind.Close;

    /// <summary>Skips an element of an unknown form, with nested braces.</summary>
    private NftExpression.Raw Unread(int start)
    {
        int depth = 0;
        while (!IsAtEnd && (depth > 0 || !AtEndOfElement()))
        {
            depth += Peek.Kind switch { NftTokenKind.Open => 1, NftTokenKind.Close => -1, _ => 0 };
            Position++;
        }

        return new(Text(start, Position));
    }

    private string Text(int start, int end) =>
        string.Join(' ', tokens[start..end].Select(word => word.Kind == NftTokenKind.Quoted ? $"\"{word.Text}\"" : word.Text));

    /// <summary>A value or a concatenation.</summary>
    private NftExpression? Joined()
    {
        if (Single() is not { } first)
        {
            return null;
        }

        if (!IsNext("."))
        {
            return first;
        }

        List<NftExpression> parts = [first];
        while (Skip("."))
        {
            if (Single() is not { } part)
            {
                return null;
            }

            parts.Add(part);
        }

        return new NftExpression.Concatenation([.. parts]);
    }

    private NftExpression? Single()
    {
        NftKeyword word = Peek;
        if (word.Kind is not (NftTokenKind.Word or NftTokenKind.Quoted) || (word.Kind == NftTokenKind.Word && word.Text is ":" or "." or "="))
        {
            return null;
        }

        Position++;
        return word.Kind == NftTokenKind.Quoted ? new NftExpression.Word(word.Text) : Plain(word.Text);
    }

    /// <summary>A value, a prefix or a range.</summary>
    public static NftExpression Plain(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && IpAddress.TryParse(text[..slash], out _) && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length))
        {
            return new NftExpression.Prefix(text[..slash], length);
        }

        int dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && IsBound(text.AsSpan(0, dash)) && IsBound(text.AsSpan(dash + 1))
            ? new NftExpression.Range(new NftExpression.Word(text[..dash]), new NftExpression.Word(text[(dash + 1)..]))
            : new NftExpression.Word(text);
    }

    /// <summary>Whether a text can be a bound of a range: a number or an address.</summary>
    private static bool IsBound(ReadOnlySpan<char> text) =>
        text.Length != 0 && (text.IndexOfAnyExceptInRange('0', '9') < 0 || IpAddress.TryParse(text.ToString(), out _));

    private string? Operator()
    {
        string? operation = Peek.Kind != NftTokenKind.Word ? null : Peek.Text switch
        {
            "&" or "and" => "&",
            "|" or "or" => "|",
            "^" or "xor" => "^",
            _ => null,
        };
        Position += operation is null ? 0 : 1;
        return operation;
    }
}
