using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Scans the objects of a JSON listing: tables and chains are read, and the positions of rules and elements stored. Each method
/// begins at the first token of what it reads and ends at the last.
/// </summary>
/// <param name="json">The listing.</param>
internal ref struct NftJsonParser(ReadOnlyMemory<byte> json)
{
    private const int LongestName = 512;

    private readonly ReadOnlyMemory<byte> _json = json;
    private readonly NftJsonSource _source = new(json);
    private readonly NftListing _listing = new();
    private Utf8JsonReader _reader = new(json.Span);
    private NftTable? _table;
    private ReadOnlySpan<byte> _tableName;
    private ReadOnlySpan<byte> _family;
    private NftChain? _chain;
    private ReadOnlySpan<byte> _chainName;

    /// <summary>Reads the listing.</summary>
    /// <exception cref="JsonException">The text is not JSON, or nested deeper than 64 levels; nft uses at most a third of that.</exception>
    /// <exception cref="FormatException">The text has not the structure of nft's output; also other exceptions of <see cref="NftJsonReader.IsOfShape"/>.</exception>
    public NftListing Read()
    {
        bool isListed = false;
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException(_reader.TokenType == JsonTokenType.StartArray ? "a list, no object" : "no object");
        }

        while (NextProperty(out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("nftables"u8))
            {
                isListed = true;
                Objects();
            }
            else
            {
                _reader.Skip();
            }
        }

        _reader.Read(); // nothing may follow
        return isListed ? _listing : throw new FormatException("no \"nftables\"");
    }

    private void Objects()
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw new FormatException("\"nftables\" is no list");
        }

        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType != JsonTokenType.StartObject)
            {
                throw new FormatException("an item that is no object");
            }

            if (!NextProperty(out ReadOnlySpan<byte> kind))
            {
                throw new FormatException("an empty object");
            }

            do
            {
                Item(kind);
                kind = [];
            }
            while (NextProperty(out _));
        }
    }

    private void Item(ReadOnlySpan<byte> kind)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
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
            _reader.Skip();
        }
    }

    /// <summary>Reads only the position and the chain of a rule; mostly that of the previous rule.</summary>
    private void Rule()
    {
        int start = (int)_reader.TokenStartIndex;
        NftJsonNames names = default;
        while (NextProperty(out ReadOnlySpan<byte> name))
        {
            names.Read(name, ref _reader);
        }

        if (names.Family.IsEmpty)
        {
            return;
        }

        FindTable(names.Family, names.Table);
        if (_chain is null || !_chainName.SequenceEqual(names.Chain))
        {
            _chain = FindChain(names.Chain) ?? throw new FormatException($"a rule of the chain \"{NftJsonNames.Text(names.Chain)}\", which is not listed");
            _chainName = names.Chain;
        }

        _chain.Rules.Add(SliceFrom(start));
    }

    private readonly NftChain? FindChain(ReadOnlySpan<byte> name)
    {
        Span<char> characters = stackalloc char[LongestName];
        bool isPlain = !name.Contains((byte)'\\') && Encoding.UTF8.TryGetChars(name, characters, out int length) && (characters = characters[..length]).Length == length;
        NftChain? chain;
        return (isPlain
            ? _table!.Chains.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(characters, out chain) // looked up after the table
            : _table!.Chains.TryGetValue(NftJsonNames.Text(name), out chain)) ? chain : null;
    }

    private void Set()
    {
        NftJsonNames names = default;
        NftSet content = new();
        while (NextProperty(out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("timeout"u8))
            {
                content.ExpirySeconds = checked((int)_reader.GetUInt32());
            }
            else if (name.SequenceEqual("flags"u8))
            {
                int start = (int)_reader.TokenStartIndex;
                _reader.Skip();
                content.IsDynamic |= _json.Span[start..(int)_reader.BytesConsumed].IndexOf("\"dynamic\""u8) >= 0;
                content.HasTimeouts = _json.Span[start..(int)_reader.BytesConsumed].IndexOf("\"timeout\""u8) >= 0;
            }
            else if (name.SequenceEqual("stmt"u8))
            {
                // Statements that are executed with each element that is found; all but a counter may end the rule.
                int start = (int)_reader.TokenStartIndex;
                _reader.Skip();
                ReadOnlySpan<byte> statements = _json.Span[start..(int)_reader.BytesConsumed];
                content.IsDynamic |= statements.IndexOf("\"limit\""u8) >= 0 || statements.IndexOf("\"quota\""u8) >= 0 || statements.IndexOf("\"ct count\""u8) >= 0;
            }
            else if (name.SequenceEqual("elem"u8))
            {
                int start = (int)_reader.TokenStartIndex;
                _reader.Skip();
                content.Elements.Add(SliceFrom(start));
            }
            else
            {
                names.Read(name, ref _reader);
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
        string device = "";
        int? priority = null;
        while (NextProperty(out ReadOnlySpan<byte> name))
        {
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
            else if (name.SequenceEqual("dev"u8) && _reader.TokenType == JsonTokenType.String)
            {
                device = Text();
            }
            else if (name.SequenceEqual("prio"u8))
            {
                priority = int.Parse(_reader.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            }
            else
            {
                names.Read(name, ref _reader);
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
            chain.SetHook(hook);
            if (device.Length != 0)
            {
                chain.Devices.Add(device);
            }

            chain.Priority = priority ?? throw new FormatException("a base chain without a priority");
            chain.IsNat = type == "nat";
            chain.Policy = policy == "drop" ? WalkVerdict.Drop : WalkVerdict.Accept;
        }
    }

    private void Table()
    {
        NftJsonNames names = default;
        bool isDormant = false;
        while (NextProperty(out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("flags"u8))
            {
                int start = (int)_reader.TokenStartIndex;
                _reader.Skip();
                isDormant = _json.Span[start..(int)_reader.BytesConsumed].IndexOf("\"dormant\""u8) >= 0;
            }
            else
            {
                names.Read(name, ref _reader);
            }
        }

        if (!names.Family.IsEmpty)
        {
            FindTable(names.Family, names.Name);
            _table!.IsDormant = isDormant;
        }
    }

    private string Text() => _reader.TokenType == JsonTokenType.String ? NftJsonNames.Text(_reader.ValueSpan) : throw new FormatException("no text where nft has one");

    /// <summary>Goes to the value of the next property. The value must have been read or skipped before the next call.</summary>
    private bool NextProperty(out ReadOnlySpan<byte> name)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            name = [];
            return false;
        }

        name = _reader.ValueSpan;
        return _reader.Read();
    }

    /// <summary>The text from a position to the end of the current token.</summary>
    private readonly RuleSlice SliceFrom(int start) => new(start, (int)_reader.BytesConsumed - start, 0);

    private void FindTable(ReadOnlySpan<byte> family, ReadOnlySpan<byte> name)
    {
        if (_table is null || !_family.SequenceEqual(family) || !_tableName.SequenceEqual(name))
        {
            _table = _listing.FindOrAdd(NftJsonNames.Text(family), name.IsEmpty ? throw new FormatException("an object of no table") : NftJsonNames.Text(name), _source);
            _family = family;
            _tableName = name;
            _chain = null;
        }
    }
}
