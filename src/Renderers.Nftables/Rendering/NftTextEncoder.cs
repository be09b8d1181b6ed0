using System.Buffers;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Text;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>
/// Writes the language of nft 1.0.1 and later, as input of <c>nft -f -</c>. The content of a table is a block; everything else
/// is a command of its own.
/// </summary>
internal ref partial struct NftTextEncoder(IpFamily family, IBufferWriter<byte> output) : INftEncoder
{
    /// <summary>Elements of one command: more make no difference to nft, and lines would become very long.</summary>
    private const int MostElements = 400;

    private readonly bool _isIPv4 = family == IpFamily.IPv4;
    private Utf8TextWriter _text = new(output);
    private Layout _layout;
    private bool _isFirstTerm;

    /// <summary>The set that elements belong to.</summary>
    private NameBuffer _set;
    private int _setLength;
    private KeyFields _key;
    private bool _isDeleted;
    private int _elements;

    /// <summary>Where rules are written.</summary>
    private enum Layout : byte
    {
        /// <summary>Each is a command.</summary>
        Commands,

        /// <summary>In the block of a table, outside of any chain.</summary>
        Table,

        /// <summary>Each has a line in the block of a chain.</summary>
        Lines,

        /// <summary>The chain has one line.</summary>
        Line,
    }

    /// <summary>The family of the table and of payload expressions.</summary>
    private readonly ReadOnlySpan<byte> Family => _isIPv4 ? "ip"u8 : "ip6"u8;

    public readonly bool NamesServices => false;

    public readonly void BeginService(NamespacedName service)
    {
    }

    public readonly void EndService()
    {
    }

    public void Complete() => _text.Flush();

    public void AddTable() => TableLine("add table "u8);

    public void DeleteTable() => TableLine("delete table "u8);

    public void FlushTable() => TableLine("flush table "u8);

    public void BeginTable(scoped ReadOnlySpan<byte> comment)
    {
        TableCommand("table "u8);
        _text.Write(" {\n"u8);
        if (!comment.IsEmpty)
        {
            _text.Write("comment \""u8);
            _text.Write(comment);
            _text.Write("\"\n"u8);
        }

        _layout = Layout.Table;
    }

    public void EndTable()
    {
        _text.Write("}\n"u8);
        _layout = Layout.Commands;
    }

    public void BeginBaseChain(scoped ObjectName name, ChainType type, ChainHook hook, int priority)
    {
        BeginChain(name, isFixed: true, default);
        _text.Write(type == ChainType.Filter ? " type filter hook "u8 : " type nat hook "u8);
        _text.Write(hook switch
        {
            ChainHook.Prerouting => "prerouting"u8,
            ChainHook.Input => "input"u8,
            ChainHook.Forward => "forward"u8,
            ChainHook.Output => "output"u8,
            _ => "postrouting"u8,
        });
        _text.Write(" priority "u8);
        _text.Write((long)priority);
        _text.WriteAscii((byte)';');
    }

    public void BeginChain(scoped ObjectName name, bool isFixed, scoped ReadOnlySpan<byte> comment)
    {
        _text.Write("chain "u8);
        Name(name);
        _text.Write(isFixed ? " {"u8 : " {\n"u8);
        Comment(comment);
        _layout = isFixed ? Layout.Line : Layout.Lines;
    }

    public void EndChain()
    {
        _text.Write(_layout == Layout.Line ? " }\n"u8 : "}\n"u8);
        _layout = Layout.Table;
    }

    public void AddChain(scoped ObjectName name) => CommandLine("add chain "u8, name);

    public void FlushChain(scoped ObjectName name) => CommandLine("flush chain "u8, name);

    public void DeleteChain(scoped ObjectName name) => CommandLine("delete chain "u8, name);

    /// <summary>Declared by typeof, never by type: see docs/nftables.md.</summary>
    public void DeclareSet(scoped SetDeclaration set)
    {
        ReadOnlySpan<byte> kind = set.Data == ElementData.None ? "set "u8 : "map "u8;
        if (_layout == Layout.Commands)
        {
            _text.Write("add "u8);
            Command(kind, set.Name);
        }
        else
        {
            _text.Write(kind);
            Name(set.Name);
        }

        _text.Write(" { typeof "u8);
        _isFirstTerm = true;
        Key(set.Key, slots: 2); // any number says that it is a number
        if (set.Data == ElementData.Verdict)
        {
            _text.Write(" : verdict"u8);
        }
        else if (set.Data == ElementData.Endpoint)
        {
            _text.Write(" : "u8);
            Payload(" daddr . "u8);
            _text.Write(set.Protocol.ToLowerText());
            _text.Write(" dport"u8);
        }

        _text.WriteAscii((byte)';');
        if (set.TimeoutSeconds != 0)
        {
            _text.Write(" flags dynamic,timeout; timeout "u8);
            _text.Write((long)set.TimeoutSeconds);
            _text.Write("s;"u8);
        }

        if (set.HasCounters)
        {
            _text.Write(" flags dynamic; counter;"u8);
        }

        Comment(set.Comment);
        _text.Write(" }\n"u8);
    }

    public void DeleteSet(scoped ObjectName name) => CommandLine("delete set "u8, name);

    public void DeleteMap(scoped ObjectName name) => CommandLine("delete map "u8, name);

    public void BeginElements(scoped ObjectName set, KeyFields key, bool isDeleted)
    {
        _setLength = set.Format(_set);
        (_key, _isDeleted) = (key, isDeleted);
    }

    public void Element(in ElementKey key)
    {
        if (_elements == MostElements)
        {
            EndElements();
        }

        if (_elements++ == 0)
        {
            Command(_isDeleted ? "delete element "u8 : "add element "u8, default);
            _text.Write(_set[.._setLength]);
            _text.Write(" { "u8);
        }
        else
        {
            _text.Write(", "u8);
        }

        ReadOnlySpan<byte> separator = default;
        for (KeyFields field = KeyFields.SourceAddress; field <= KeyFields.Slot; field = (KeyFields)((int)field << 1))
        {
            if ((_key & field) == 0)
            {
                continue;
            }

            _text.Write(separator);
            separator = " . "u8;
            switch (field)
            {
                case KeyFields.Protocol:
                    _text.Write(key.Protocol.ToLowerText());
                    break;
                case KeyFields.DestinationPort:
                    _text.Write((long)key.Port);
                    break;
                case KeyFields.Slot:
                    _text.Write((long)key.Slot);
                    break;
                default:
                    _text.Write(key.Address);
                    break;
            }
        }
    }

    public void Element(in ElementKey key, EndpointAddress endpoint)
    {
        Element(key);
        _text.Write(" : "u8);
        _text.Write(endpoint.Address);
        _text.Write(" . "u8);
        _text.Write((long)endpoint.Port);
    }

    public void ElementGoto(in ElementKey key, scoped ObjectName chain, scoped ReadOnlySpan<byte> comment)
    {
        Element(key);
        Quoted(" comment "u8, comment);
        _text.Write(" : goto "u8);
        Name(chain);
    }

    public void ElementDrop(in ElementKey key, scoped ReadOnlySpan<byte> comment)
    {
        Element(key);
        Quoted(" comment "u8, comment);
        _text.Write(" : drop"u8);
    }

    public void EndElements()
    {
        if (_elements != 0)
        {
            _text.Write(" }\n"u8);
            _elements = 0;
        }
    }

    private void TableLine(scoped ReadOnlySpan<byte> verb)
    {
        TableCommand(verb);
        _text.WriteAscii((byte)'\n');
    }

    private void TableCommand(scoped ReadOnlySpan<byte> verb)
    {
        _text.Write(verb);
        _text.Write(Family);
        _text.Write(" kube-proxy"u8);
    }

    private void CommandLine(scoped ReadOnlySpan<byte> verb, scoped ObjectName name)
    {
        Command(verb, name);
        _text.WriteAscii((byte)'\n');
    }

    /// <summary><c>VERB ip kube-proxy NAME</c>, open for what follows.</summary>
    private void Command(scoped ReadOnlySpan<byte> verb, scoped ObjectName name)
    {
        TableCommand(verb);
        _text.WriteAscii((byte)' ');
        Name(name);
    }

    private void Name(scoped ObjectName name)
    {
        Span<byte> text = stackalloc byte[ObjectName.MaxLength];
        _text.Write(text[..name.Format(text)]);
    }

    /// <summary>A comment as a property of an object.</summary>
    private void Comment(scoped ReadOnlySpan<byte> comment)
    {
        Quoted(" comment "u8, comment);
        _text.Write(comment.IsEmpty ? default : ";"u8);
    }

    private void Quoted(scoped ReadOnlySpan<byte> word, scoped ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty)
        {
            _text.Write(word);
            _text.WriteAscii((byte)'"');
            _text.Write(text);
            _text.WriteAscii((byte)'"');
        }
    }
}
