namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A chain of rules. It must not change once a packet was traced through it.</summary>
/// <param name="name">Its name.</param>
public sealed class WalkChain(string name)
{
    private RuleReader? _reader;
    private List<RuleSlice>? _unparsed;
    private List<WalkRule>? _rules;

    /// <summary>Makes a chain of a dump.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="reader">Parses its rules.</param>
    /// <param name="unparsed">The positions of the rules.</param>
    public WalkChain(string name, RuleReader reader, List<RuleSlice> unparsed)
        : this(name)
    {
        _reader = reader;
        _unparsed = unparsed;
    }

    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The rules.</summary>
    public List<WalkRule> Rules => Volatile.Read(ref _rules) ?? CreateRules();

    /// <summary>The hook of a base chain; null for others.</summary>
    public Hook? Hook { get; init; }

    /// <summary>The priority of a base chain: lower comes first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether a base chain rewrites addresses, and so sees only the first packet of a connection.</summary>
    public bool IsNat { get; init; }

    /// <summary>The policy of a base chain: the verdict on packets that reach its end.</summary>
    public WalkVerdict Policy { get; init; } = WalkVerdict.Accept;

    /// <summary>Adds a rule of a dump. Not after <see cref="Rules"/> was read.</summary>
    /// <param name="reader">Parses the rule; the same for all rules of the chain.</param>
    /// <param name="slice">The position of the rule.</param>
    public void AddUnparsed(RuleReader reader, RuleSlice slice)
    {
        _reader = reader;
        _unparsed ??= new List<RuleSlice>(2);
        _unparsed.Add(slice);
    }

    /// <summary>Creates the list once: a thread that comes second uses the list of the first.</summary>
    private List<WalkRule> CreateRules()
    {
        List<RuleSlice>? unparsed = _unparsed;
        List<WalkRule> rules = new(unparsed?.Count ?? 0);
        foreach (RuleSlice slice in unparsed ?? [])
        {
            rules.Add(new WalkRule(_reader!, slice)); // set with the first slice
        }

        List<WalkRule> created = Interlocked.CompareExchange(ref _rules, rules, null) ?? rules;
        _unparsed = null;
        return created;
    }
}
