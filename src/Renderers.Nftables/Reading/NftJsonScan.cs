using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Goes through the objects of a JSON listing: tables and chains are read, rules and elements only found.</summary>
/// <param name="json">The listing.</param>
internal ref struct NftJsonScan(ReadOnlyMemory<byte> json)
{
    private readonly NftJsonSource _source = new(json);
    private readonly NftListing _listing = new();
    private Utf8JsonReader _reader = new(json.Span);
    private NftTable? _table;
    private NftChain? _chain;

    /// <summary>Reads the whole text, so that what is no JSON is found.</summary>
    public NftListing Read()
    {
        bool isListed = false;
        Expect(_reader.Read() && _reader.TokenType == JsonTokenType.StartObject, "no object");
        while (NextProperty())
        {
            if (_reader.ValueTextEquals("nftables"u8))
            {
                isListed = true;
                _reader.Read();
                Objects();
            }
            else
            {
                _reader.Skip();
            }
        }

        Expect(isListed, "no \"nftables\"");
        Expect(!_reader.Read(), "more than an object");
        return _listing;
    }

    private void Objects()
    {
        Expect(_reader.TokenType == JsonTokenType.StartArray, "\"nftables\" is no list");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(_reader.TokenType == JsonTokenType.StartObject && NextProperty(), "an item that is no object");
            Item();
            while (NextProperty())
            {
                _reader.Skip();
            }
        }
    }

    private void Item()
    {
        int kind = _reader.ValueTextEquals("rule"u8) ? 1
            : _reader.ValueTextEquals("set"u8) || _reader.ValueTextEquals("map"u8) ? 2
            : _reader.ValueTextEquals("chain"u8) ? 3
            : _reader.ValueTextEquals("table"u8) ? 4
            : 0;
        if (kind == 0)
        {
            _reader.Skip();
            return;
        }

        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return;
        }

        switch (kind)
        {
            case 1:
                Rule();
                break;
            case 2:
                Set();
                break;
            case 3:
                Chain();
                break;
            default:
                Table();
                break;
        }
    }

    /// <summary>Of a rule only where it is and which chain it is of; both are mostly the same as for the one before.</summary>
    private void Rule()
    {
        int start = (int)_reader.TokenStartIndex;
        string? family = null;
        string? table = null;
        string? chain = null;
        while (NextProperty())
        {
            if (_reader.ValueTextEquals("family"u8))
            {
                family = Text(_table?.Family);
            }
            else if (_reader.ValueTextEquals("table"u8))
            {
                table = Text(_table?.Name);
            }
            else if (_reader.ValueTextEquals("chain"u8))
            {
                chain = Text(_chain?.Name);
            }
            else
            {
                _reader.Skip();
            }
        }

        if (family is null)
        {
            return;
        }

        FindTable(family, table);
        if (!ReferenceEquals(_chain?.Name, chain))
        {
            _chain = chain is not null && _table!.Chains.TryGetValue(chain, out NftChain? found) ? found : throw new FormatException($"a rule of the chain \"{chain}\", which is not listed");
        }

        Expect(_chain is not null, "a rule of no chain");
        _chain!.Rules.Add(new(start, (int)_reader.BytesConsumed - start, 0));
    }

    private void Set()
    {
        string? family = null;
        string? table = null;
        string? name = null;
        NftSet set = new();
        while (NextProperty())
        {
            if (_reader.ValueTextEquals("family"u8))
            {
                family = Text(_table?.Family);
            }
            else if (_reader.ValueTextEquals("table"u8))
            {
                table = Text(_table?.Name);
            }
            else if (_reader.ValueTextEquals("name"u8))
            {
                name = Text(null);
            }
            else if (_reader.ValueTextEquals("timeout"u8))
            {
                _reader.Read();
                set.ExpirySeconds = _reader.GetInt32();
            }
            else if (_reader.ValueTextEquals("elem"u8))
            {
                _reader.Read();
                int start = (int)_reader.TokenStartIndex;
                _reader.Skip();
                set.Elements.Add(new(start, (int)_reader.BytesConsumed - start, 0));
            }
            else
            {
                _reader.Skip();
            }
        }

        if (family is not null)
        {
            FindTable(family, table);
            _table!.Sets[name ?? throw new FormatException("a set without a name")] = set;
        }
    }

    private void Chain()
    {
        JsonElement value = Element();
        if (!value.TryGetProperty("family", out JsonElement family))
        {
            return;
        }

        FindTable(family.GetString() ?? "", value.GetProperty("table").GetString());
        NftChain chain = new(value.GetProperty("name").GetString() ?? "");
        _table!.Chains[chain.Name] = chain;
        if (!value.TryGetProperty("hook", out JsonElement hook))
        {
            return;
        }

        JsonElement priority = value.GetProperty("prio");
        chain.Hook = NftChain.HookOf(hook.GetString());
        chain.Priority = priority.ValueKind == JsonValueKind.Number ? priority.GetInt32() : int.Parse(priority.GetString() ?? "0", CultureInfo.InvariantCulture);
        chain.IsNat = value.GetProperty("type").GetString() == "nat";
        chain.Policy = value.TryGetProperty("policy", out JsonElement policy) && policy.GetString() == "drop" ? WalkVerdict.Drop : WalkVerdict.Accept;
    }

    private void Table()
    {
        JsonElement value = Element();
        if (value.TryGetProperty("family", out JsonElement family))
        {
            FindTable(family.GetString() ?? "", value.GetProperty("name").GetString());
            _table!.IsDormant = value.TryGetProperty("flags", out JsonElement flags) && NftJsonExpressions.Words(flags).Contains("dormant", StringComparison.Ordinal);
        }
    }

    private void FindTable(string family, string? name)
    {
        if (_table is null || _table.Family != family || _table.Name != name)
        {
            _table = _listing.FindOrAdd(family, name ?? throw new FormatException("an object of no table"), _source);
            _chain = null;
        }
    }

    private JsonElement Element()
    {
        using JsonDocument document = JsonDocument.ParseValue(ref _reader);
        return document.RootElement.Clone();
    }

    /// <summary>The text of a property; the very string that is expected, if it is that one.</summary>
    private string? Text(string? expected)
    {
        _reader.Read();
        return expected is not null && _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals(expected) ? expected : _reader.GetString();
    }

    /// <summary>Goes to the next property of an object; false at its end.</summary>
    private bool NextProperty() => _reader.Read() && _reader.TokenType == JsonTokenType.PropertyName;

    private static void Expect(bool isTrue, string otherwise)
    {
        if (!isTrue)
        {
            throw new FormatException(otherwise);
        }
    }
}
