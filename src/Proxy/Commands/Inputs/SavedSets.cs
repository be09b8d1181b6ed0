using System.Text;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The ipsets of saved rules: of <c>--ipset</c>, and of the output of <c>ipset save</c> that stands beside rules in their files.</summary>
internal sealed class SavedSets
{
    private const string Wanted = "give what \"sudo ipset save\" prints";

    private readonly Dictionary<string, (IpSet Set, string Source)> _sets = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private bool _areGiven;

    /// <summary>Adds the sets of a file of <c>--ipset</c>.</summary>
    /// <param name="path">The file, or <c>-</c>.</param>
    /// <param name="openInput">Opens standard input.</param>
    /// <returns>The text of the file.</returns>
    /// <exception cref="InputException">It holds something else.</exception>
    public byte[] AddFile(string path, Func<Stream> openInput)
    {
        string name = SavedText.NameOf(path);
        byte[] text = Transcript.WithoutChatter(Transcript.Unquoted(SavedText.Read(path, openInput)));
        bool hasSets = false;
        try
        {
            foreach (TranscriptPart part in Transcript.Split(text))
            {
                RefuseListing(name, text, part);
                if (!part.IsOther || HasLine(part.Of(text), "create "u8))
                {
                    Add(name, IpsetSaveReader.Read(Encoding.UTF8.GetString(part.Of(text)), part.Line), part);
                    hasSets = true;
                }
            }

            return hasSets ? text : throw new InputException($"{name}: holds no sets; {Wanted}");
        }
        catch (RuleTextException e)
        {
            throw new InputException($"{name}: {e.Message}");
        }
    }

    /// <summary>Takes the sets out of a part of a text with rules; the lines become blank.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="text">The text.</param>
    /// <param name="part">The part.</param>
    /// <returns>Whether there are any.</returns>
    /// <exception cref="InputException">They are listed in another form.</exception>
    /// <exception cref="RuleTextException">A line of them is not understood.</exception>
    public bool TakeOut(string name, byte[] text, in TranscriptPart part)
    {
        RefuseListing(name, text, part);
        Span<byte> rules = text.AsSpan(part.Start, part.Length);
        if (!HasLine(rules, "create "u8))
        {
            return false;
        }

        byte[] sets = rules.ToArray();
        HashSet<string> names = new(StringComparer.Ordinal);
        for (int start = 0; start < rules.Length;)
        {
            int length = rules[start..].IndexOf((byte)'\n');
            length = length < 0 ? rules.Length - start : length;
            (IsOfSet(rules.Slice(start, length), names) ? rules : sets.AsSpan()).Slice(start, length).Fill((byte)' ');
            start += length + 1;
        }

        if (names.Count != 0)
        {
            Add(name, IpsetSaveReader.Read(Encoding.UTF8.GetString(sets), part.Line), part);
        }

        return names.Count != 0;
    }

    /// <summary>Notes the sets that rules of a text change (iptables-extensions(8), SET).</summary>
    public void NoteChanged(ReadOnlySpan<byte> text) => _changed.UnionWith(SetsInRules.Changed(text));

    /// <summary>The sets.</summary>
    public IpSets Build() => (_areGiven ? new IpSets(_sets.Values.Select(static entry => entry.Set)) : IpSets.None).WithChanged(_changed);

    private void Add(string name, IpSets sets, in TranscriptPart part)
    {
        if (part.Command is { Left.Length: > 0 } filtered)
        {
            throw new InputException($"{name}: line {part.Line - 1}: \"{filtered.Left}\" leaves entries of sets out, and what is not there cannot be judged; give the whole of what ipset save prints");
        }

        _areGiven = true;
        foreach (IpSet set in sets.All)
        {
            if (_sets.TryGetValue(set.Name, out (IpSet Set, string Source) known) && (known.Set.Type != set.Type || known.Set.Digest != set.Digest))
            {
                throw new InputException($"the ipset {set.Name} is in {known.Source} and in {name} with other contents; give it once");
            }

            _sets[set.Name] = (set, name);
        }
    }

    /// <summary>Whether a line is of <c>ipset save</c>: it creates a set, or adds to one that was created above.</summary>
    private static bool IsOfSet(ReadOnlySpan<byte> line, HashSet<string> names)
    {
        line = line.Trim(" \t\r"u8);
        if (line.StartsWith("add "u8) && names.Count != 0)
        {
            return names.Contains(WordAt(line, "add ".Length));
        }

        if (!line.StartsWith("create "u8))
        {
            return false;
        }

        string name = WordAt(line, "create ".Length);
        bool isSet = IsType(line["create ".Length..][(Encoding.UTF8.GetByteCount(name))..].TrimStart(" "u8));
        if (isSet)
        {
            names.Add(name);
        }

        return isSet;
    }

    private static string WordAt(ReadOnlySpan<byte> line, int start)
    {
        ReadOnlySpan<byte> rest = line[start..];
        int end = rest.IndexOf((byte)' ');
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }

    private static bool IsType(ReadOnlySpan<byte> text) => text.StartsWith("hash:"u8) || text.StartsWith("bitmap:"u8) || text.StartsWith("list:set"u8);

    private static bool HasLine(ReadOnlySpan<byte> text, ReadOnlySpan<byte> beginning)
    {
        for (int start = 0; text[start..].IndexOf(beginning) is int found and >= 0; start += found + beginning.Length)
        {
            int line = text[..(start + found)].LastIndexOf((byte)'\n') + 1;
            if (text[line..(start + found)].Trim(" \t\r"u8).IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Refuses what <c>ipset list</c> prints: it is for people, and its form differs by version.</summary>
    private static void RefuseListing(string name, ReadOnlySpan<byte> text, in TranscriptPart part)
    {
        ReadOnlySpan<byte> content = part.Of(text);
        for (int start = 0; content[start..].IndexOf("\nType: "u8) is int found and >= 0; start += found + 1)
        {
            int end = start + found;
            int line = content[..end].LastIndexOf((byte)'\n') + 1;
            if (content[line..end].TrimStart(" \t"u8).StartsWith("Name: "u8) && IsType(content[(end + "\nType: ".Length)..]))
            {
                throw new InputException($"{name}: line {part.Line + content[..line].Count((byte)'\n')}: is a listing of \"ipset list\"; {Wanted}");
            }
        }
    }
}
