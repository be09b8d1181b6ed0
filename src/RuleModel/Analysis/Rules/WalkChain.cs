namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A chain of rules. Not changed any more once a walk has gone through it.</summary>
/// <param name="name">Its name.</param>
public sealed class WalkChain(string name)
{
    private RuleReader? _reader;
    private List<RuleSlice>? _unread;
    private List<WalkRule>? _rules;

    /// <summary>Makes a chain of a dump.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="reader">Reads its rules.</param>
    /// <param name="unread">Where the rules are.</param>
    public WalkChain(string name, RuleReader reader, List<RuleSlice> unread)
        : this(name)
    {
        _reader = reader;
        _unread = unread;
    }

    /// <summary>Adds a rule of a dump, before anybody asks for rules.</summary>
    /// <param name="reader">Reads it; the same for all rules of the chain.</param>
    /// <param name="slice">Where it is.</param>
    public void AddUnread(RuleReader reader, RuleSlice slice)
    {
        _reader = reader;
        _unread ??= new List<RuleSlice>(2);
        _unread.Add(slice);
    }

    /// <summary>Makes the list once; a second thread gets that of the first.</summary>
    private List<WalkRule> MakeRules()
    {
        List<RuleSlice>? unread = _unread;
        List<WalkRule> rules = new(unread?.Count ?? 0);
        foreach (RuleSlice slice in unread ?? [])
        {
            rules.Add(new WalkRule(_reader!, slice)); // set with the first slice
        }

        List<WalkRule> made = Interlocked.CompareExchange(ref _rules, rules, null) ?? rules;
        _unread = null;
        return made;
    }

    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The rules.</summary>
    public List<WalkRule> Rules => Volatile.Read(ref _rules) ?? MakeRules();

    /// <summary>The hook of a base chain; null for others.</summary>
    public Hook? Hook { get; init; }

    /// <summary>The priority of a base chain: lower comes first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether a base chain rewrites addresses, and so sees only the first packet of a connection.</summary>
    public bool IsNat { get; init; }

    /// <summary>What becomes of packets at the end of a base chain.</summary>
    public WalkVerdict Policy { get; init; } = WalkVerdict.Accept;
}
