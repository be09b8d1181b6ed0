namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>
/// The table that the scripts of this program lead to, with the checks that the kernel makes on chains, sets and elements. Understands
/// the lines that the renderer writes, and not nft's language.
/// </summary>
internal sealed class NftablesRules : IWrittenRules
{
    private readonly SortedDictionary<string, List<string>> _chains = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, WrittenSet> _sets = new(StringComparer.Ordinal);
    private string? _block;

    /// <inheritdoc/>
    public void Replace(string text)
    {
        _chains.Clear();
        _sets.Clear();
        Update(text);
    }

    /// <inheritdoc/>
    public void Update(string text)
    {
        _block = null;
        foreach (ReadOnlySpan<char> span in text.AsSpan().EnumerateLines())
        {
            if (!span.IsEmpty)
            {
                Apply(span.ToString());
            }
        }

        CheckReferences();
    }

    /// <inheritdoc/>
    public string? DifferenceFrom(IWrittenRules expected)
    {
        NftablesRules other = (NftablesRules)expected;
        foreach (string chain in _chains.Keys.Union(other._chains.Keys, StringComparer.Ordinal))
        {
            if (!_chains.TryGetValue(chain, out List<string>? mine) || !other._chains.TryGetValue(chain, out List<string>? theirs))
            {
                return $"chain {chain} {(_chains.ContainsKey(chain) ? "is left over by the updates" : "is missing after the updates")}";
            }

            int index = mine.Zip(theirs).TakeWhile(static pair => pair.First == pair.Second).Count();
            if (index != Math.Max(mine.Count, theirs.Count))
            {
                return $"chain {chain}: {Difference(mine.ElementAtOrDefault(index), theirs.ElementAtOrDefault(index))}";
            }
        }

        foreach (string set in _sets.Keys.Union(other._sets.Keys, StringComparer.Ordinal))
        {
            if (!_sets.TryGetValue(set, out WrittenSet? mine) || !other._sets.TryGetValue(set, out WrittenSet? theirs))
            {
                return $"set {set} {(_sets.ContainsKey(set) ? "is left over by the updates" : "is missing after the updates")}";
            }

            if (mine.Declaration != theirs.Declaration)
            {
                return $"set {set}: {Difference(mine.Declaration, theirs.Declaration)}";
            }

            foreach (string key in mine.Elements.Keys.Union(theirs.Elements.Keys, StringComparer.Ordinal))
            {
                string? actual = mine.Elements.GetValueOrDefault(key);
                string? wanted = theirs.Elements.GetValueOrDefault(key);
                if (actual != wanted)
                {
                    return $"set {set}, element {key}: {Difference(actual, wanted)}";
                }
            }
        }

        return null;
    }

    private static string Difference(string? actual, string? wanted) =>
        $"the updates lead to {Quoted(actual)}, all rules written at once to {Quoted(wanted)}";

    private static string Quoted(string? text) => text is null ? "nothing" : $"\"{text}\"";

    private void Apply(string line)
    {
        string[] words = line.Split(' ', 5);
        if (_block is not null)
        {
            ApplyInBlock(line, words);
        }
        else if (words[0] == "table" && line.EndsWith('{'))
        {
            _block = "";
        }
        else if (words is ["add", "table", ..])
        {
            // It is there in any case.
        }
        else if (words is ["delete", "table", ..])
        {
            _chains.Clear();
            _sets.Clear();
        }
        else if (words.Length >= 5)
        {
            Apply(line, words[0], words[1], words[4]);
        }
        else
        {
            throw NotUnderstood(line);
        }
    }

    /// <summary>A command on an object of the table.</summary>
    /// <param name="line">The line.</param>
    /// <param name="verb">What is done.</param>
    /// <param name="kind">To what kind of object.</param>
    /// <param name="rest">Its name and what follows.</param>
    private void Apply(string line, string verb, string kind, string rest)
    {
        (string name, string value) = Split(rest);
        switch (verb, kind)
        {
            case ("add", "chain"):
                _chains.TryAdd(name, []);
                break;
            case ("flush", "chain"):
                RulesOf(name).Clear();
                break;
            case ("delete", "chain"):
                if (!_chains.Remove(name))
                {
                    throw new FormatException($"there is no chain {name}");
                }

                break;
            case ("add", "rule"):
                RulesOf(name).Add(value);
                break;
            case ("add", "set" or "map"):
                _sets.TryAdd(name, new(value));
                break;
            case ("delete", "set" or "map"):
                if (!_sets.Remove(name))
                {
                    throw new FormatException($"there is no set {name}");
                }

                break;
            case ("add" or "delete", "element"):
                Elements(name, value, isDeleted: verb == "delete");
                break;
            default:
                throw NotUnderstood(line);
        }
    }

    private void ApplyInBlock(string line, string[] words)
    {
        if (line == "}")
        {
            _block = _block!.Length == 0 ? null : "";
        }
        else if (_block!.Length != 0)
        {
            _chains[_block].Add(line);
        }
        else if (words is ["chain", _, "{"])
        {
            _chains[words[1]] = [];
            _block = words[1];
        }
        else if (words is ["chain", _, "{", ..])
        {
            _chains[words[1]] = [line[(line.IndexOf('{', StringComparison.Ordinal) + 1)..]];
        }
        else if (words is ["set" or "map", _, "{", ..])
        {
            _sets[words[1]] = new(line[line.IndexOf('{', StringComparison.Ordinal)..]);
        }
        else if (words[0] != "comment")
        {
            throw NotUnderstood(line);
        }
    }

    /// <summary><c>{ KEY, KEY : VALUE, KEY comment "TEXT" : VALUE }</c>.</summary>
    private void Elements(string set, string list, bool isDeleted)
    {
        if (!_sets.TryGetValue(set, out WrittenSet? known))
        {
            throw new FormatException($"there is no set {set}");
        }

        foreach (string element in SplitList(list))
        {
            int end = element.IndexOf(" comment \"", StringComparison.Ordinal) is >= 0 and int comment ? comment : element.IndexOf(" : ", StringComparison.Ordinal);
            string key = end < 0 ? element : element[..end];
            if (isDeleted ? !known.Elements.Remove(key) : !known.Elements.TryAdd(key, element) && known.Elements[key] != element)
            {
                throw new FormatException(isDeleted ? $"set {set} has no element {key}" : $"set {set} has another element {key}");
            }
        }
    }

    private static List<string> SplitList(string list)
    {
        List<string> elements = [];
        bool isQuoted = false;
        int start = "{ ".Length;
        int end = list.Length - " }".Length;
        for (int index = start; index < end; index++)
        {
            isQuoted ^= list[index] == '"';
            if (!isQuoted && list[index] == ',')
            {
                elements.Add(list[start..index]);
                start = index + ", ".Length;
            }
        }

        elements.Add(list[start..end]);
        return elements;
    }

    /// <summary>Chains and sets to which rules and elements refer are there.</summary>
    private void CheckReferences()
    {
        foreach (string text in _chains.Values.SelectMany(static rules => rules).Concat(_sets.Values.SelectMany(static set => set.Elements.Values)))
        {
            foreach (string verb in (ReadOnlySpan<string>)[" goto ", " jump ", " @"])
            {
                for (int at = text.IndexOf(verb, StringComparison.Ordinal); at >= 0; at = text.IndexOf(verb, at + 1, StringComparison.Ordinal))
                {
                    string name = text[(at + verb.Length)..].Split(' ', ';', '}')[0];
                    if (!(verb == " @" ? _sets.ContainsKey(name) : _chains.ContainsKey(name)) && !IsInComment(text, at))
                    {
                        throw new FormatException($"\"{text}\" refers to {name}, which is not there");
                    }
                }
            }
        }
    }

    private static bool IsInComment(string text, int at) => text.AsSpan(0, at).Count('"') % 2 == 1;

    private List<string> RulesOf(string chain) => _chains.TryGetValue(chain, out List<string>? rules) ? rules : throw new FormatException($"there is no chain {chain}");

    private static (string Name, string Following) Split(string text)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? (text, "") : (text[..space], text[(space + 1)..]);
    }

    private static FormatException NotUnderstood(string line) => new($"\"{line}\" is not understood");

    /// <summary>A set or map.</summary>
    /// <param name="declaration">Its types and properties.</param>
    private sealed class WrittenSet(string declaration)
    {
        public string Declaration => declaration;

        /// <summary>The elements, by key.</summary>
        public Dictionary<string, string> Elements { get; } = new(StringComparer.Ordinal);
    }
}
