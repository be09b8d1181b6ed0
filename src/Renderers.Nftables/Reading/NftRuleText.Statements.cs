namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Statements; null for unknown ones.</content>
internal sealed partial class NftRuleText
{
    private NftStatement? Statement(int start)
    {
        if (_expressions.Verdict() is { } verdict)
        {
            return new NftStatement.Verdict(verdict);
        }

        NftKeyword first = _words[start];
        if (first.Kind != NftTokenKind.Word)
        {
            return null;
        }

        _expressions.Position = start + 1;
        switch (first.Text)
        {
            case "counter" when _expressions.IsNext("name") && ObjectOfMap(start) is { } ofMap:
                return ofMap;
            case "counter":
                _expressions.Position = start + 1;
                SkipCounter();
                return NoEffect(start);
            case "log":
                SkipLog();
                return NoEffect(start);
            case "last":
                _expressions.Skip("used");
                _expressions.Take();
                return NoEffect(start);
            case "notrack":
                return new NftStatement.NoTracking();
            case "reject":
                return Reject();
            case "masquerade" or "redirect" or "dnat" or "snat":
                return Translate(first.Text);
            case "update" or "add" or "delete":
                return UpdateSet(first.Text) ?? UpdateWith(start);
            case "limit" or "quota":
                return Limit(start);
            case "ct" when _expressions.IsNext("count"):
                return Limit(start);
            case "queue":
                SkipToNext();
                return new NftStatement.HandOver(Text(start, _expressions.Position), NftStatements.QueueReader);
            case "tproxy":
                SkipToNext();
                return new NftStatement.HandOver(Text(start, _expressions.Position), NftStatements.Proxy);
            case "flow":
                SkipToNext();
                return new NftStatement.Offload(Text(start, _expressions.Position));
            case "dup":
                SkipToNext();
                return NoEffect(start);
            default:
                _expressions.Position = start;
                return OnPacket();
        }
    }

    private NftStatement.NoEffect NoEffect(int start) => new(_words[start].Text, Text(start, _expressions.Position));

    private void SkipCounter()
    {
        while (_expressions.Skip("packets") || _expressions.Skip("bytes") || _expressions.Skip("name"))
        {
            _expressions.Take();
        }
    }

    /// <summary><c>counter name tcp dport map { 80 : "web" }</c>: the object that a map has for the key. Null if there is none of that.</summary>
    private NftStatement.ObjectOfMap? ObjectOfMap(int start)
    {
        _expressions.Position = start + 2;
        bool isMap = _expressions.Left() is not null & _expressions.Skip("map");
        _expressions.Position = start + 2;
        return isMap && _expressions.Assigned() is NftExpression.Map map ? new NftStatement.ObjectOfMap(map, Text(start, _expressions.Position)) : null;
    }

    private void SkipLog()
    {
        while (_expressions.Peek is { Kind: NftTokenKind.Word, Text: "prefix" or "group" or "snaplen" or "queue-threshold" or "level" or "flags" } option)
        {
            _expressions.Position++;
            string word = _expressions.Take();
            if (option.Text == "flags" && word is "tcp" or "ip")
            {
                do
                {
                    _expressions.Take();
                }
                while (_expressions.Skip(NftTokenKind.Comma));
            }
        }
    }

    private NftStatement.Reject Reject()
    {
        if (!_expressions.Skip("with"))
        {
            return new("", NftStatement.Reject.Usual);
        }

        string type = _expressions.Take();
        _expressions.Skip("type");
        string code = _expressions.Take();
        return type == "tcp" ? new("tcp reset", "tcp reset") : new(type, code);
    }

    /// <summary><c>random,persistent</c></summary>
    private string Flags()
    {
        string flags = "";
        while (_expressions.Peek is { Kind: NftTokenKind.Word, Text: "random" or "fully-random" or "persistent" })
        {
            flags += (flags.Length == 0 ? "" : ",") + _expressions.Take();
            _expressions.Skip(NftTokenKind.Comma);
        }

        return flags;
    }

    /// <summary>Skips up to the next match or statement, or a brace.</summary>
    private void SkipToNext()
    {
        while (!_expressions.IsAtEnd && (!IsBeginning(_expressions.Position) || IsOperand(_expressions.Position)))
        {
            _expressions.Position++;
        }
    }

    private NftStatement.UnknownMatch Limit(int start)
    {
        string keyword = _words[start].Text == "ct" ? "ct count" : _words[start].Text;
        SkipToNext();
        return new(Text(start, _expressions.Position)) { DependsOn = NftStatements.DependsOn(keyword) };
    }

    private NftStatement? UpdateWith(int start)
    {
        _expressions.Position = start + 1;
        string set = _expressions.Take().TrimStart('@');
        if (!_expressions.Skip(NftTokenKind.Open))
        {
            return null;
        }

        NftExpression? element = _expressions.Left();
        for (int depth = 1; depth > 0 && !_expressions.IsAtEnd; _expressions.Position++)
        {
            depth += _expressions.Peek.Kind switch { NftTokenKind.Open => 1, NftTokenKind.Close => -1, _ => 0 };
        }

        return NftStatements.UpdateWith(Text(start, _expressions.Position), new(_words[start].Text, set, element ?? new NftExpression.Raw("")));
    }

    /// <summary><c>dnat ip to 10.0.0.1:80</c>, <c>snat to 10.0.0.1-10.0.0.9</c>, <c>redirect to :80</c>, <c>dnat to tcp dport map @m</c></summary>
    private NftStatement.Translate? Translate(string kind)
    {
        string family = _expressions.Peek.Text is "ip" or "ip6" ? _expressions.Take() : "";
        bool isPrefix = _expressions.Skip("prefix");
        if (_expressions.Skip("addr") && (!_expressions.Skip(".") || !_expressions.Skip("port")))
        {
            return null;
        }

        _expressions.Skip("interval");
        if (!_expressions.Skip("to"))
        {
            return kind is "masquerade" or "redirect" && family.Length == 0 ? new(kind, "", null, null, Flags()) : null;
        }

        int start = _expressions.Position;
        if (_expressions.Left() is { } key)
        {
            return _expressions.Skip("map") && _expressions.Data() is { } data
                ? new(kind, family, new NftExpression.Map(key, data), Port: null, Flags()) { IsPrefix = isPrefix }
                : null;
        }

        _expressions.Position = start;
        if (_expressions.TakeBeforeField() is { } before)
        {
            return PortByMap(kind, before, family);
        }

        return Endpoint(kind, _expressions.Take(), family) is { } read ? read with { IsPrefix = isPrefix } : null;
    }

    /// <summary><c>redirect to :tcp dport map { 80 : 8080 }</c>, with an address before the colon or without.</summary>
    private NftStatement.Translate? PortByMap(string kind, string before, string family)
    {
        NftExpression? address = before.Length == 0 ? null : Address(before);
        return (before.Length == 0 || address is not null) && _expressions.Left() is { } key && _expressions.Skip("map") && _expressions.Data() is { } data
            ? new(kind, family, address, new NftExpression.Map(key, data), Flags())
            : null;
    }

    /// <summary><c>10.0.0.1:80</c>, <c>[fd00::1]:80</c>, an address alone or <c>:80</c>, and ranges of either.</summary>
    private NftStatement.Translate? Endpoint(string kind, string target, string family)
    {
        int colon = target.StartsWith('[') ? target.LastIndexOf("]:", StringComparison.Ordinal) + 1 : target.LastIndexOf(':');
        bool isAddressAlone = (colon <= 0 && target is not [':', ..]) || (target is not ['[', ..] && Address(target) is not null);
        NftExpression? address = isAddressAlone ? Address(target) : colon == 0 ? null : Address(target[..colon]);
        NftExpression? port = isAddressAlone ? null : NftTextExpressions.Plain(target[(colon + 1)..]);
        bool isUnderstood = isAddressAlone ? address is not null : (colon == 0 || address is not null) && NftFields.Ports(port!) is not null; // a port unless it is an address alone
        return isUnderstood && target.Length != 0 ? new(kind, family, address, port, Flags()) : null;
    }

    /// <summary>An address, a prefix or a range, each with brackets or without; null for anything else.</summary>
    private static NftExpression? Address(string text)
    {
        NftExpression read = NftTextExpressions.Plain(text.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal));
        return NftElements.Range(read) is null ? null : read;
    }

    /// <summary><c>update @set { ip saddr }</c></summary>
    private NftStatement.UpdateSet? UpdateSet(string operation)
    {
        return _expressions.Take() is ['@', .. string set]
            && _expressions.Skip(NftTokenKind.Open)
            && _expressions.Left() is { } element
            && _expressions.Skip(NftTokenKind.Close)
            ? new(operation, set, element)
            : null;
    }

    /// <summary>Skips a hash expression, whose fields would look like the next match.</summary>
    private NftExpression.Raw Hash()
    {
        int start = _expressions.Position;
        do
        {
            _expressions.Position++;
        }
        while (!_expressions.IsAtEnd && !s_statements.Contains(_words[_expressions.Position].Text));
        return new(Text(start, _expressions.Position));
    }

    /// <summary>A match, verdict map or assignment, which begin with a field of the packet.</summary>
    private NftStatement? OnPacket()
    {
        if (_expressions.Left() is not { } left)
        {
            return null;
        }

        if (_expressions.Skip("vmap"))
        {
            return _expressions.Data() is { } data ? new NftStatement.VerdictMap(left, data) : null;
        }

        if (_expressions.Skip("set"))
        {
            bool isHash = _expressions.IsNext("jhash") || _expressions.IsNext("symhash") || (left is NftExpression.Payload { Protocol: "tcp option" } && _expressions.IsNext("rt"));
            return (isHash ? Hash() : _expressions.Assigned()) is { } value ? new NftStatement.Mangle(left, value) : null;
        }

        // Without an operator one of several flags is enough.
        string usual = left is NftExpression.Payload { Protocol: "tcp", Field: "flags" } ? "in" : "==";
        string? comparison = _expressions.Comparison();
        bool isExplicit = comparison is not null;
        string operation = comparison ?? usual;
        if (_expressions.Value() is not { } right)
        {
            return null;
        }

        // "syn / syn,ack" stands for "& (syn|ack) == syn".
        return !_expressions.Skip("/") ? new NftStatement.Match(operation, left, right) { IsExplicit = isExplicit }
            : _expressions.Value() is { } mask ? new NftStatement.Match(operation == "!=" ? "!=" : "==", new NftExpression.Binary("&", left, mask), right)
            : null;
    }
}
