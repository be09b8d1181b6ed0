using System.Globalization;
using System.Text;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Goes through the objects of a JSON listing: tables and chains are read, rules and elements only found.</summary>
/// <param name="json">The listing.</param>
internal ref struct NftJsonScan(ReadOnlyMemory<byte> json)
{
    private const int LongestName = 512;

    private readonly ReadOnlyMemory<byte> _json = json;
    private readonly NftJsonSource _source = new(json);
    private readonly NftListing _listing = new();
    private NftJsonLexer _lexer = new(json.Span);
    private NftTable? _table;
    private ReadOnlySpan<byte> _tableName;
    private ReadOnlySpan<byte> _family;
    private NftChain? _chain;
    private ReadOnlySpan<byte> _chainName;

    public NftListing Read()
    {
        bool isListed = false;
        if (_lexer.Peek() == '[')
        {
            throw new FormatException("a list, no object");
        }

        _lexer.Expect('{');
        for (bool isFirst = true; _lexer.NextEntry(isFirst, '}'); isFirst = false)
        {
            if (_lexer.Name().SequenceEqual("nftables"u8))
            {
                isListed = true;
                Objects();
            }
            else
            {
                _lexer.SkipValue();
            }
        }

        if (_lexer.Peek() != 0)
        {
            throw _lexer.Error("more than an object");
        }

        return isListed ? _listing : throw new FormatException("no \"nftables\"");
    }

    private void Objects()
    {
        if (_lexer.Peek() != '[')
        {
            throw new FormatException("\"nftables\" is no list");
        }

        _lexer.Expect('[');
        for (bool isFirst = true; _lexer.NextEntry(isFirst, ']'); isFirst = false)
        {
            if (!_lexer.Skip('{'))
            {
                _lexer.SkipValue();
                throw new FormatException("an item that is no object");
            }

            if (_lexer.Peek() == '}')
            {
                throw new FormatException("an empty object");
            }

            Item(_lexer.Name());
            while (_lexer.NextEntry(isFirst: false, '}'))
            {
                _lexer.Name();
                _lexer.SkipValue();
            }
        }
    }

    private void Item(ReadOnlySpan<byte> kind)
    {
        if (_lexer.Peek() != '{')
        {
            _lexer.SkipValue();
        }
        else if (kind.SequenceEqual("rule"u8))
        {
            Rule();
        }
        else if (kind.SequenceEqual("set"u8) || kind.SequenceEqual("map"u8))
        {
            Set();
        }
        else if (kind.SequenceEqual("chain"u8))
        {
            Chain();
        }
        else if (kind.SequenceEqual("table"u8))
        {
            Table();
        }
        else
        {
            _lexer.SkipValue();
        }
    }

    /// <summary>Of a rule only where it is and which chain it is of: mostly that of the one before.</summary>
    private void Rule()
    {
        int start = _lexer.Position;
        NftJsonLexer whole = _lexer;
        whole.SkipValue();
        NftJsonNames names = default;
        _lexer.Expect('{');
        for (bool isFirst = true; !names.IsRuleKnown && _lexer.NextEntry(isFirst, '}'); isFirst = false)
        {
            names.Read(_lexer.Name(), ref _lexer);
        }

        _lexer = whole;
        if (names.Family.IsEmpty)
        {
            return;
        }

        FindTable(names.Family, names.Table);
        if (_chain is null || !_chainName.SequenceEqual(names.Chain))
        {
            _chain = FindChain(names.Chain) ?? throw new FormatException($"a rule of the chain \"{NftJsonLexer.Text(names.Chain)}\", which is not listed");
            _chainName = names.Chain;
        }

        _chain.Rules.Add(new(start, whole.Position - start, 0));
    }

    private readonly NftChain? FindChain(ReadOnlySpan<byte> name)
    {
        Span<char> characters = stackalloc char[LongestName];
        bool isPlain = !name.Contains((byte)'\\') && Encoding.UTF8.TryGetChars(name, characters, out int length) && (characters = characters[..length]).Length == length;
        NftChain? chain;
        return (isPlain
            ? _table!.Chains.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(characters, out chain) // looked up after the table
            : _table!.Chains.TryGetValue(NftJsonLexer.Text(name), out chain)) ? chain : null;
    }

    private void Set()
    {
        NftJsonNames names = default;
        NftSet content = new();
        _lexer.Expect('{');
        for (bool isFirst = true; _lexer.NextEntry(isFirst, '}'); isFirst = false)
        {
            ReadOnlySpan<byte> name = _lexer.Name();
            if (name.SequenceEqual("timeout"u8))
            {
                content.ExpirySeconds = int.Parse(_lexer.Word(), NumberStyles.None, CultureInfo.InvariantCulture);
            }
            else if (name.SequenceEqual("elem"u8))
            {
                _lexer.Peek();
                int start = _lexer.Position;
                _lexer.SkipValue();
                content.Elements.Add(new(start, _lexer.Position - start, 0));
            }
            else
            {
                names.Read(name, ref _lexer);
            }
        }

        if (!names.Family.IsEmpty)
        {
            FindTable(names.Family, names.Table);
            _table!.Sets[names.NameText()] = content;
        }
    }

    private void Chain()
    {
        NftJsonNames names = default;
        string hook = "";
        string type = "";
        string policy = "";
        int? priority = null;
        _lexer.Expect('{');
        for (bool isFirst = true; _lexer.NextEntry(isFirst, '}'); isFirst = false)
        {
            ReadOnlySpan<byte> name = _lexer.Name();
            if (name.SequenceEqual("hook"u8))
            {
                hook = Text();
            }
            else if (name.SequenceEqual("type"u8))
            {
                type = Text();
            }
            else if (name.SequenceEqual("policy"u8))
            {
                policy = Text();
            }
            else if (name.SequenceEqual("prio"u8))
            {
                priority = int.Parse(_lexer.Peek() == '"' ? _lexer.String() : _lexer.Word(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            }
            else
            {
                names.Read(name, ref _lexer);
            }
        }

        if (names.Family.IsEmpty)
        {
            return;
        }

        FindTable(names.Family, names.Table);
        NftChain chain = new(names.NameText());
        _table!.Chains[chain.Name] = chain;
        if (hook.Length != 0)
        {
            chain.Hook = NftChain.HookOf(hook);
            chain.Priority = priority ?? throw new FormatException("a base chain without a priority");
            chain.IsNat = type == "nat";
            chain.Policy = policy == "drop" ? WalkVerdict.Drop : WalkVerdict.Accept;
        }
    }

    private void Table()
    {
        NftJsonNames names = default;
        bool isDormant = false;
        _lexer.Expect('{');
        for (bool isFirst = true; _lexer.NextEntry(isFirst, '}'); isFirst = false)
        {
            ReadOnlySpan<byte> name = _lexer.Name();
            if (name.SequenceEqual("flags"u8))
            {
                _lexer.Peek();
                int start = _lexer.Position;
                _lexer.SkipValue();
                isDormant = _json.Span[start.._lexer.Position].IndexOf("\"dormant\""u8) >= 0;
            }
            else
            {
                names.Read(name, ref _lexer);
            }
        }

        if (!names.Family.IsEmpty)
        {
            FindTable(names.Family, names.Name);
            _table!.IsDormant = isDormant;
        }
    }

    private string Text() => _lexer.Peek() == '"' ? NftJsonLexer.Text(_lexer.String()) : throw new FormatException("no text where nft has one");

    private void FindTable(ReadOnlySpan<byte> family, ReadOnlySpan<byte> name)
    {
        if (_table is null || !_family.SequenceEqual(family) || !_tableName.SequenceEqual(name))
        {
            _table = _listing.FindOrAdd(NftJsonLexer.Text(family), name.IsEmpty ? throw new FormatException("an object of no table") : NftJsonLexer.Text(name), _source);
            _family = family;
            _tableName = name;
            _chain = null;
        }
    }
}
