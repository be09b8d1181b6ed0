using System.Text;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Executes the commands of a script on an empty rule set. A listing is a script of <c>table</c> commands.</summary>
/// <param name="memory">The script.</param>
internal ref partial struct NftScript(ReadOnlyMemory<byte> memory)
{
    private readonly NftTextSource _source = new(memory);
    private readonly NftListing _listing = new();
    private NftLexer _lexer = new(memory.Span, 0, memory.Length, 1);

    public NftListing Read()
    {
        while (NextOfStatement() != NftTokenKind.End)
        {
            Command(_lexer.Kind == NftTokenKind.Word ? Word("a command") : throw Error("a command is expected"));
        }

        return _listing;
    }

    private void Command(string verb)
    {
        switch (verb)
        {
            case "table":
                Table();
                break;
            case "add" or "create" or "insert":
                Add(Word("what to " + verb), isFirst: verb == "insert");
                break;
            case "flush" or "delete" or "destroy":
                Delete(verb, Word("what to " + verb));
                break;
            case "include":
                throw Error("\"include\" names another file, which is not read: put its text in the place of this line, or ask a node that has loaded the script (nft list ruleset)");
            default:
                throw Error($"\"{verb}\" is not a command of a listing or script of rules");
        }
    }

    private void Add(string kind, bool isFirst)
    {
        switch (kind)
        {
            case "table":
                Table();
                break;
            case "chain":
                NftTable owner = KnownTable();
                Chain(owner, Word("the name of a chain"));
                break;
            case "rule":
                NftChain chain = KnownChain(KnownTable());
                SkipPosition();
                Rule(chain, isFirst);
                break;
            case "set" or "map":
                NftTable table = KnownTable();
                Set(table, Word("the name of a set"));
                break;
            case "element":
                NftSet set = KnownSet(KnownTable());
                Expect(NftTokenKind.Open, "elements between braces");
                Elements(set);
                break;
            default:
                SkipStatement();
                break;
        }
    }

    private void Delete(string verb, string kind)
    {
        switch (kind)
        {
            case "ruleset":
                _listing.Clear();
                SkipStatement();
                break;
            case "table" when verb == "flush":
                foreach (NftChain chain in KnownTable().Chains.Values)
                {
                    chain.Rules.Clear();
                }

                break;
            case "table":
                (string family, string name) = TableName();
                _listing.Remove(family, name);
                break;
            case "chain":
                NftTable owner = KnownTable();
                string chainName = Word("the name of a chain");
                if (verb == "flush")
                {
                    Known(owner.Chains, chainName, "chain").Rules.Clear();
                }
                else
                {
                    owner.Chains.Remove(chainName);
                }

                break;
            case "set" or "map":
                NftTable table = KnownTable();
                string setName = Word("the name of a set");
                if (verb == "flush")
                {
                    Known(table.Sets, setName, "set").Elements.Clear();
                }
                else
                {
                    table.Sets.Remove(setName);
                }

                break;
            default:
                throw Error($"\"{verb} {kind}\" cannot be followed without the rules of the kernel");
        }
    }

    private (string Family, string Name) TableName()
    {
        string word = Word("a table");
        return word is "ip" or "ip6" or "inet" or "arp" or "bridge" or "netdev" ? (word, Word("the name of a table")) : ("ip", word);
    }

    private NftTable KnownTable()
    {
        (string family, string name) = TableName();
        return _listing.Find(family, name) ?? throw Error($"there is no table {family} {name}");
    }

    private NftChain KnownChain(NftTable table) => Known(table.Chains, Word("the name of a chain"), "chain");

    private NftSet KnownSet(NftTable table) => Known(table.Sets, Word("the name of a set"), "set");

    private readonly T Known<T>(Dictionary<string, T> objects, string name, string kind) =>
        objects.TryGetValue(name, out T? known) ? known : throw Error($"there is no {kind} {name}");

    /// <summary><c>position 5</c> and similar: positions of rules of the kernel that are not in the script.</summary>
    private void SkipPosition()
    {
        NftLexer ahead = _lexer;
        ahead.Next();
        if (ahead.Is("position"u8) || ahead.Is("handle"u8) || ahead.Is("index"u8))
        {
            ahead.Next();
            _lexer = ahead;
        }
    }

    /// <summary>Goes to the first token of the next statement or the end of a block.</summary>
    private NftTokenKind NextOfStatement()
    {
        while (_lexer.Next() is NftTokenKind.NewLine or NftTokenKind.Semicolon)
        {
        }

        if (_lexer.Kind == NftTokenKind.Word)
        {
            _lexer.Back();
        }

        return _lexer.Kind;
    }

    private string Word(string wanted) => _lexer.Next() is NftTokenKind.Word or NftTokenKind.Quoted
        ? Encoding.UTF8.GetString(_lexer.Value)
        : throw Error($"{wanted} is missing");

    private void Expect(NftTokenKind kind, string wanted)
    {
        if (_lexer.Next() != kind)
        {
            throw Error($"{wanted} is missing");
        }
    }

    private readonly RuleTextException Error(string reason) => new(_lexer.TokenLine, reason);
}
