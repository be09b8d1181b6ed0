namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <content>Rules of a dump, which become objects when somebody asks for the rules of the chain.</content>
public sealed partial class WalkChain
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
}
