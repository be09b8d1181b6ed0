using KubeProxySharp.RuleModel.Addresses;

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
            case "counter":
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
                return NoEffect(start);
            case "reject":
                return Reject();
            case "masquerade":
                return new NftStatement.Masquerade(Flags());
            case "dnat":
                return Dnat();
            case "update" or "add" or "delete":
                return UpdateSet(first.Text);
            case "limit" or "quota":
                return null;
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

    private NftStatement.Dnat? Dnat()
    {
        string family = _expressions.Peek.Text is "ip" or "ip6" ? _expressions.Take() : "";
        if (_expressions.Skip("addr") && (!_expressions.Skip(".") || !_expressions.Skip("port")))
        {
            return null;
        }

        if (!_expressions.Skip("to"))
        {
            return null;
        }

        int start = _expressions.Position;
        if (_expressions.Left() is { } key)
        {
            return _expressions.Skip("map") && _expressions.Data() is { } data
                ? new(family, new NftExpression.Map(key, data), Port: null, Flags())
                : null;
        }

        _expressions.Position = start;
        return Endpoint(_expressions.Take(), family);
    }

    /// <summary><c>10.0.0.1:80</c>, <c>[fd00::1]:80</c>, an address alone or <c>:80</c>; no ranges.</summary>
    private NftStatement.Dnat? Endpoint(string target, string family)
    {
        int colon = target.StartsWith('[') ? target.IndexOf("]:", StringComparison.Ordinal) + 1 : target.LastIndexOf(':');
        bool isAddressAlone = colon <= 0 && target is not [':', ..];
        isAddressAlone |= IpAddress.TryParse(target, out _);
        string address = isAddressAlone ? target : target[..colon];
        string port = isAddressAlone ? "" : target[(colon + 1)..];
        address = address.Trim('[', ']');
        bool isUnderstood = (address.Length == 0 || IpAddress.TryParse(address, out _)) && (port.Length != 0 || isAddressAlone) && port.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0;
        return isUnderstood && target.Length != 0
            ? new(family, address.Length == 0 ? null : new NftExpression.Word(address), port.Length == 0 ? null : new NftExpression.Word(port), Flags())
            : null;
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
            bool isHash = _expressions.IsNext("jhash") || _expressions.IsNext("symhash");
            return (isHash ? Hash() : _expressions.Assigned()) is { } value ? new NftStatement.Mangle(left, value) : null;
        }

        string operation = _expressions.Peek is { Kind: NftTokenKind.Word, Text: "==" or "!=" or "<" or ">" or "<=" or ">=" } ? _expressions.Take() : "==";
        return _expressions.Value() is { } right ? new NftStatement.Match(operation, left, right) : null;
    }
}
