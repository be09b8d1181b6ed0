using System.Security.Cryptography;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads saved rules from files; what each holds shows by its text.</summary>
/// <param name="families">The families that are wanted.</param>
/// <param name="openInput">Opens standard input.</param>
internal sealed class SavedRuleReader(IReadOnlyList<IpFamily> families, Func<Stream> openInput)
{
    private const string Wanted = "give what iptables-save, ip6tables-save, \"nft list ruleset\" or \"nft -j list ruleset\" print";

    private readonly Dictionary<IpFamily, Ruleset> _read = [];
    private readonly SavedSets _sets = new();
    private readonly List<string> _notes = [];
    private readonly List<(IpFamily Family, string Table, string Name, WalkTable Read)> _opaque = [];
    private readonly HashSet<(IpFamily Family, string Table)> _saved = [];
    private readonly HashSet<WalkTable> _ofIptables = [];
    private readonly List<(string Name, string Table)> _onlyTables = [];
    private bool _hasWholeListing;

    /// <summary>
    /// The family that tables are taken for which do not show it; null to refuse them. A packet that is asked about, or another
    /// rule set, may leave only one.
    /// </summary>
    public IpFamily? Assumed { get; init; }

    /// <summary>The file with the ipsets that the rules name (<c>--ipset</c>); null for none but those in the files of rules.</summary>
    public string? IpsetPath { get; init; }

    /// <summary>The options that say the family of a file, for messages.</summary>
    public string FamilyOptions { get; init; } = "--rules4 or --rules6";

    /// <summary>Whether a table did not show its family.</summary>
    public bool HasUnknownFamily { get; private set; }

    /// <summary>Whether a table showed its family.</summary>
    public bool HasKnownFamily { get; private set; }

    /// <summary>Reads all of them.</summary>
    /// <exception cref="InputException">A file cannot be used; the message names it and what to give.</exception>
    public SavedRules Read(IReadOnlyList<RuleFile> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<(RuleFile File, DividedText Text)> texts = [];
        foreach (RuleFile file in files)
        {
            string name = SavedText.NameOf(file.Path);
            byte[] text = SavedText.Read(file.Path, openInput);
            hash.AppendData([(byte)(file.Family is { } given ? (int)given + 1 : 0)]);
            hash.AppendData(SHA256.HashData(text));
            texts.Add((file, Explained(name, () => Divide(name, text))));
        }

        if (IpsetPath is not null)
        {
            hash.AppendData(SHA256.HashData(_sets.AddFile(IpsetPath, openInput)));
        }

        // Rules are followed with all sets, and with what any rule changes in them.
        foreach ((RuleFile file, DividedText text) in texts)
        {
            string name = SavedText.NameOf(file.Path);
            Explained(name, () => ReadText(name, text, file.Family));
        }

        Dictionary<WalkTable, string> opaque = new(ReferenceEqualityComparer.Instance);
        foreach ((IpFamily family, string table, string name, WalkTable read) in _opaque)
        {
            if (_saved.Contains((family, table)))
            {
                // iptables-save says what is in it.
                _read[family].Tables.Remove(read);
            }
            else
            {
                opaque.Add(read, name);
            }
        }

        NoteMissingTables();
        return new([.. families.Where(_read.ContainsKey).Select(family => _read[family])], _notes, opaque) { Digest = Convert.ToHexString(hash.GetHashAndReset()) };
    }

    /// <summary>Names the file in what its reader says.</summary>
    private static T Explained<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (RuleTextException e)
        {
            throw new InputException($"{name}: {e.Message}" + (e.HasRemedy ? "" : $"; {Wanted}"));
        }
    }

    /// <summary>Divides a text, and takes the sets out of it.</summary>
    private DividedText Divide(string name, byte[] text)
    {
        if (text.AsSpan().TrimStart(" \t\r\n\v\f"u8).IsEmpty)
        {
            throw new InputException($"{name}: is empty; iptables-save and nft print nothing without root. Give what \"sudo iptables-save\" prints");
        }

        RefuseTemplate(name, text);
        text = TypographicMarks.Mend(Transcript.WithoutChatter(Transcript.Unquoted(text)), name, _notes);
        LeftOutRemark.Refuse(name, text);
        IReadOnlyList<TranscriptPart> parts = Transcript.Split(text);
        bool hasSets = false;
        foreach (TranscriptPart part in parts)
        {
            hasSets |= _sets.TakeOut(name, text, part);
        }

        _sets.NoteChanged(text);
        return new(text, parts, hasSets);
    }

    private bool ReadText(string name, DividedText divided, IpFamily? family)
    {
        (byte[] text, IReadOnlyList<TranscriptPart> parts, bool hasRules) = divided;
        List<SaveSection> tables = [];
        foreach (TranscriptPart part in parts)
        {
            hasRules |= ReadPart(name, text, part, tables);
        }

        if (!hasRules)
        {
            throw new InputException($"{name}: holds no rules, only remarks or commands; {Wanted}");
        }

        AddTables(name, text, tables, family);
        NoteLegacyTables(name, text);
        return true;
    }

    /// <summary>Reads a part, or finds the tables of iptables in it.</summary>
    /// <returns>Whether there is something in it.</returns>
    private bool ReadPart(string name, byte[] text, TranscriptPart part, List<SaveSection> tables)
    {
        RuleTextKind kind = RuleText.KindOf(part.Of(text));
        if (kind != RuleTextKind.None && part.Command is { Left.Length: > 0 } filtered)
        {
            string wanted = filtered.Listing == ShellListing.Nft ? "\"nft list ruleset\" prints" : "the tool prints";
            throw new InputException($"{name}: line {part.Line - 1}: \"{filtered.Left}\" leaves rules out, and what is not there cannot be judged; give the whole of what {wanted}");
        }

        switch (kind)
        {
            case RuleTextKind.IptablesColumns:
                string table = part.Command is { Table.Length: > 0 } listed ? listed.Table : "filter";
                throw new InputException(
                    $"{name}: line {part.Line}: is a listing of \"iptables -L\", which leaves out interfaces and other parts of rules; give what \"sudo iptables-save\" prints (or \"sudo iptables -t {table} -S\")");
            case RuleTextKind.IptablesSave or RuleTextKind.IptablesRules:
                IpFamily? said = part.Command?.Family;
                string? asked = part.Command is { Listing: ShellListing.Rules } command ? command.Table : null;
                IReadOnlyList<SaveSection> found = IptablesSaveReader.Find(text, part.Start, part.Length, part.Line, asked);
                tables.AddRange(found.Select(section => section.Stated is null && said is not null ? section with { Stated = said } : section));
                return found.Count != 0;
            case RuleTextKind.NftJson:
                ReadNft(name, Alone(text, part), isJson: true);
                return true;
            case RuleTextKind.NftScript:
                if (part.Command is { Listing: ShellListing.Nft, Table: { Length: > 0 } only })
                {
                    _onlyTables.Add((name, only));
                }

                _hasWholeListing |= part.Command is { Listing: ShellListing.Nft, Table: "" };
                ReadNft(name, Alone(text, part), isJson: false);
                return true;
            default:
                return RefuseOther(text, part);
        }
    }

    private static byte[] Alone(byte[] text, in TranscriptPart part) => part.Start == 0 && part.Length == text.Length ? text : Transcript.Blanked(text, part);

    /// <summary>A part that no tool printed: an error, unless it may be something else that stands between listings.</summary>
    private static bool RefuseOther(byte[] text, in TranscriptPart part)
    {
        ReadOnlySpan<byte> content = part.Of(text);
        bool isJson = content.TrimStart(" \t\r\n"u8).StartsWith("{"u8);
        if (isJson)
        {
            // It says what is wrong with it.
            NftJsonReader.Read(Transcript.Blanked(text, part), []);
            throw new RuleTextException(part.Line, "the JSON has no \"nftables\"");
        }

        bool hasOnlyRemarks = true;
        foreach (Range range in content.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = content[range].Trim(" \t\r\v\f"u8);
            hasOnlyRemarks &= line.IsEmpty || line[0] == '#';
        }

        if (!part.IsOther && !hasOnlyRemarks)
        {
            // It names the line.
            IptablesSaveReader.Find(text, part.Start, part.Length, part.Line, null);
        }

        return false;
    }

    private void AddTables(string name, byte[] text, List<SaveSection> tables, IpFamily? said)
    {
        if (said is { } own)
        {
            tables = tables.ConvertAll(table => table with { Stated = own });
        }

        IpFamily?[] found = FamilyOfTables.Assign(name, tables, _notes);
        Dictionary<(IpFamily Family, string Table), SaveSection> here = [];
        for (int index = 0; index < tables.Count; index++)
        {
            SaveSection table = tables[index];
            if (found[index] is null && !table.HasEffect && Array.Exists(found, static family => family is not null))
            {
                continue;
            }

            HasKnownFamily |= found[index] is not null;
            IpFamily family = found[index] ?? AssumedFor(name, table);
            if (!families.Contains(family))
            {
                continue;
            }

            Ruleset rules = RulesetOf(family);
            IptablesSaveReader.Read(text, table, rules);
            WalkTable read = rules.Tables[^1];
            _ofIptables.Add(read);
            if (!_saved.Add((family, table.Table)))
            {
                TakeRepeated(name, text, table, rules, here.GetValueOrDefault((family, table.Table)));
            }

            here.TryAdd((family, table.Table), table);
        }
    }

    /// <summary>
    /// A table that is there already. The kernel has it twice only where iptables-legacy and iptables-nft are both in use; else a
    /// command was run twice, or the rules are of several nodes.
    /// </summary>
    private void TakeRepeated(string name, byte[] text, in SaveSection table, Ruleset rules, in SaveSection earlier)
    {
        WalkTable read = rules.Tables[^1];
        if (rules.Tables.FindIndex(other => other != read && other.Name == read.Name && _ofIptables.Contains(other) && TableCopies.AreAlike(other, read)) >= 0)
        {
            rules.Tables.RemoveAt(rules.Tables.Count - 1);
            _notes.Add($"{name}: line {table.Line}: table {table.Table} ({rules.Family}) is given twice with the same rules, and followed once");
            return;
        }

        if (earlier.Line != 0 && !TableCopies.MayBeOfBothVariants(text, earlier, table))
        {
            throw new InputException(
                $"{name}: line {table.Line}: table {table.Table} ({rules.Family}) is given again, with other rules than from line {earlier.Line} on; give the rules of one node at one time. If they are those of iptables-legacy and of iptables-nft, give each in a file of its own");
        }

        _notes.Add($"{name}: line {table.Line}: table {table.Table} ({rules.Family}) is given twice, and both are followed, as the kernel does with the tables of iptables-legacy and iptables-nft");
    }

    private IpFamily AssumedFor(string name, in SaveSection table)
    {
        if (Assumed is not { } assumed)
        {
            throw new InputException($"{name}: line {table.Line}: nothing in table {table.Table} shows whether its rules are of IPv4 or IPv6; say it with {FamilyOptions}, or keep the line \"# Generated by\"");
        }

        if (!HasUnknownFamily)
        {
            _notes.Add($"{name}: nothing in the rules shows whether they are of IPv4 or IPv6; taken for {assumed} ({FamilyOptions} says it)");
        }

        HasUnknownFamily = true;
        return assumed;
    }

    private void ReadNft(string name, byte[] text, bool isJson)
    {
        Ruleset[] rules = [.. families.Select(RulesetOf)];
        int[] before = [.. rules.Select(static read => read.Tables.Count)];
        IReadOnlySet<(IpFamily Family, string Table)> opaque = isJson ? SafelyInJson(text) : OpaqueTables.InText(text);
        if (isJson)
        {
            NftJsonReader.Read(text, rules);
        }
        else
        {
            NftScriptReader.Read(text, rules);
        }

        HasKnownFamily = true;
        if (isJson || !text.AsSpan().Contains((byte)'{'))
        {
            RefuseBareTables(name, [.. rules.SelectMany((read, index) => read.Tables.Skip(before[index]))]);
        }

        for (int index = 0; index < rules.Length; index++)
        {
            foreach (WalkTable table in rules[index].Tables.Skip(before[index]).Where(table => opaque.Contains((rules[index].Family, table.Name))))
            {
                _opaque.Add((rules[index].Family, table.Name, name, table));
            }
        }
    }

    /// <summary>Names of tables are what <c>nft list tables</c> prints; the JSON of a ruleset of empty tables is the same.</summary>
    private static void RefuseBareTables(string name, WalkTable[] tables)
    {
        if (tables.Length != 0 && Array.TrueForAll(tables, static table => table.Chains.Count == 0))
        {
            throw new InputException($"{name}: has {(tables.Length == 1 ? "a table" : "tables")} without any chain, as \"nft list tables\" prints them; give what \"nft list ruleset\" prints");
        }
    }

    private static IReadOnlySet<(IpFamily Family, string Table)> SafelyInJson(byte[] text)
    {
        try
        {
            return OpaqueTables.InJson(text);
        }
        catch (System.Text.Json.JsonException)
        {
            // The reader of rules names what is wrong.
            return new HashSet<(IpFamily, string)>();
        }
    }

    /// <summary>What is not in a file is not known to be absent on the node.</summary>
    private void NoteMissingTables()
    {
        if (_onlyTables.Count != 0 && !_hasWholeListing)
        {
            string tables = string.Join(", ", _onlyTables.Select(static only => only.Table).Distinct(StringComparer.Ordinal));
            _notes.Add($"{_onlyTables[0].Name}: only {tables} was listed (\"nft list table\"): what other tables of the node do is not known; \"nft list ruleset\" lists all");
        }

        foreach (Ruleset rules in _read.Values)
        {
            if (!rules.Tables.Exists(_ofIptables.Contains) || rules.Tables.Exists(table => !_ofIptables.Contains(table)))
            {
                continue;
            }

            foreach ((string table, string effect) in (ReadOnlySpan<(string, string)>)[("filter", "whether it would drop or refuse a packet is not known"), ("nat", "whether it would send a packet elsewhere or masquerade it is not known")])
            {
                if (!rules.Tables.Exists(read => read.Name == table))
                {
                    _notes.Add($"the input has no table {table} of {rules.Family}: {effect}");
                }
            }
        }
    }

    private void NoteLegacyTables(string name, byte[] text)
    {
        if (text.AsSpan().IndexOf("iptables-legacy tables present"u8) >= 0)
        {
            _notes.Add($"{name}: the node has tables of iptables-legacy too, which are not in this listing; add what iptables-legacy-save prints");
        }
    }

    private static void RefuseTemplate(string name, ReadOnlySpan<byte> text)
    {
        for (int start = 0; text[start..].IndexOf("{{"u8) is int found and >= 0; start += found + 2)
        {
            int position = start + found;
            int begin = text[..position].LastIndexOf((byte)'\n') + 1;
            bool isQuoted = text[begin..position].Count((byte)'"') % 2 != 0;
            if (!isQuoted && text[position..].IndexOf("}}"u8) >= 0 && !text[begin..position].TrimStart(" \t"u8).StartsWith("#"u8))
            {
                int line = text[..position].Count((byte)'\n') + 1;
                throw new InputException($"{name}: line {line}: is a template that was not rendered (Helm's {{{{ ... }}}}); give the rules of a node, as iptables-save prints them");
            }
        }
    }

    private Ruleset RulesetOf(IpFamily family)
    {
        if (!_read.TryGetValue(family, out Ruleset? rules))
        {
            rules = new(family) { Sets = _sets.Build() };
            _read.Add(family, rules);
        }

        return rules;
    }

    /// <summary>A text, what each command printed of it, and whether there are ipsets.</summary>
    private sealed record DividedText(byte[] Text, IReadOnlyList<TranscriptPart> Parts, bool HasSets);
}
