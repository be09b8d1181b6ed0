using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>Parses one rule.</summary>
/// <param name="text">The rule.</param>
/// <param name="tokens">Its tokens.</param>
/// <param name="sets">The ipsets that it may name.</param>
internal sealed partial class RuleParser(string text, List<string> tokens, IpSets sets)
{
    /// <summary>Modules that match every packet of their protocol as long as none of their options is given.</summary>
    private static readonly FrozenSet<string> s_neutralModules = FrozenSet.Create(
        StringComparer.Ordinal, "tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmp6", "icmpv6", "comment");

    /// <summary>Words that no option of a target is.</summary>
    private static readonly FrozenSet<string> s_beginnings = FrozenSet.Create(
        StringComparer.Ordinal,
        "!", "-m", "--match", "-p", "--protocol", "--proto", "-s", "--source", "--src", "-d", "--destination", "--dst", "-i", "--in-interface", "-o", "--out-interface", "-f", "--fragment",
        "-j", "--jump", "-g", "--goto", "-c", "--set-counters");

    private readonly List<RuleStep> _steps = [];
    private int _position = 2;
    private bool _isNegated;
    private string _comment = "";
    private string _module = "";
    private string _bareModule = "";
    private string _undecidedSet = "";
    private string _setContents = "";
    private TransportProtocol? _protocol;
    private readonly HashSet<string> _modules = new(StringComparer.Ordinal);

    private bool IsAtEnd => _position >= tokens.Count;

    public WalkRule Parse()
    {
        string? target = null;
        bool isGoto = false;
        List<string> options = [];
        while (!IsAtEnd)
        {
            if (tokens[_position] == "!")
            {
                _isNegated = true;
                _position++;
                continue;
            }

            int start = _position;
            int steps = _steps.Count;
            string option = Next();
            if (option is "-j" or "--jump" or "-g" or "--goto")
            {
                NoteBareModule();

                // A second target, which iptables refuses, makes one that is not known.
                target = target is null ? Next() : $"{target} {option} {Next()}";
                isGoto = option is "-g" or "--goto";
                options = TakeTargetOptions();
                continue;
            }

            if (!Option(option))
            {
                _position = start;
                _steps.RemoveRange(steps, _steps.Count - steps);
                Unknown();
            }

            _isNegated = false;
        }

        NoteBareModule();
        if (target is not null)
        {
            Target(target, isGoto, options);
        }

        return new WalkRule(text, EquatableArray.CopyOf(_steps)) { Comment = _comment };
    }

    /// <summary>The options of a target: all up to a match that was typed after it.</summary>
    private List<string> TakeTargetOptions()
    {
        int start = _position;
        while (!IsAtEnd && !s_beginnings.Contains(tokens[_position]))
        {
            _position++;
        }

        return tokens[start.._position];
    }

    private string Next() => IsAtEnd ? "" : tokens[_position++];

    /// <summary>Reads an option; false if it is unknown.</summary>
    private bool Option(string option)
    {
        switch (option)
        {
            case "-s" or "--source" or "--src":
                return Address(PacketField.Source, Next());
            case "-d" or "--destination" or "--dst":
                return Address(PacketField.Destination, Next());
            case "-i" or "--in-interface" or "-o" or "--out-interface":
                string name = Next();
                bool isPrefix = name.EndsWith('+');
                _steps.Add(new RuleStep.InterfaceMatch(option is "-i" or "--in-interface", isPrefix ? name[..^1] : name, isPrefix, _isNegated));
                return name.Length != 0;
            case "-p" or "--protocol" or "--proto":
                Protocol(Next());
                return true;
            case "-f" or "--fragment":
                // The second and further fragments of a packet have no ports; the first packet of a connection is whole.
                _steps.Add(new RuleStep.SettledMatch(Negation + "-f", _isNegated, OnlyFirstPacket: true));
                return true;
            case "-m" or "--match":
                NoteBareModule();
                _module = Next();
                _modules.Add(_module);
                _bareModule = s_neutralModules.Contains(_module) ? "" : _module;
                return true;
            case "-c" or "--set-counters":
                Next();
                Next();
                return true;
            default:
                _bareModule = "";
                return ModuleOption(option);
        }
    }

    /// <summary>Some modules match by themselves, as socket does, or have a default, as limit has.</summary>
    private void NoteBareModule()
    {
        if (_bareModule.Length != 0)
        {
            Undecided? undecided = Undecided.Of(_bareModule);
            _steps.Add(new RuleStep.UnknownMatch($"-m {_bareModule}") { DependsOn = undecided?.DependsOn ?? "", Fact = undecided is { IsOfPacket: true } ? $"-m {_bareModule}" : "" });
            _bareModule = "";
        }
    }

    private string Negation => _isNegated ? "! " : "";

    /// <summary>Reads addresses, with prefixes or masks, separated by commas: each is a rule of its own when it is loaded.</summary>
    private bool Address(PacketField field, string value)
    {
        List<AddressRange> ranges = [];
        foreach (string one in value.Split(','))
        {
            if (!TryPrefix(one, out IpPrefix prefix))
            {
                return false;
            }

            ranges.Add(AddressRange.Of(prefix));
        }

        _steps.Add(new RuleStep.AddressMatch(field, EquatableArray.CopyOf(ranges), _isNegated));
        return true;
    }

    private static bool TryPrefix(string value, out IpPrefix prefix)
    {
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return IpPrefix.TryParse(value + (value.Contains(':', StringComparison.Ordinal) ? "/128" : "/32"), out prefix);
        }

        if (IpPrefix.TryParse(value, out prefix))
        {
            return true;
        }

        // A mask of IPv4, such as 255.255.255.0; one with holes is no prefix.
        if (!IpAddress.TryParse(value[(slash + 1)..], out IpAddress mask) || !mask.IsIPv4 || !IpAddress.TryParse(value[..slash], out IpAddress address) || !address.IsIPv4)
        {
            return false;
        }

        int length = BitOperations.LeadingZeroCount(~mask.ToIPv4Bits());
        prefix = IpPrefix.Create(address, length);
        return length == BitOperations.PopCount(mask.ToIPv4Bits());
    }

    private void Protocol(string name)
    {
        if (name is "all" or "0" or "ip")
        {
            // "! -p all" is refused when it is loaded.
            return;
        }

        TransportProtocol? protocol = name.ToLowerInvariant() switch
        {
            "tcp" or "6" => TransportProtocol.Tcp,
            "udp" or "17" => TransportProtocol.Udp,
            "sctp" or "132" => TransportProtocol.Sctp,
            _ => null,
        };
        _protocol = _isNegated ? null : protocol;
        _steps.Add(new RuleStep.ProtocolMatch(protocol, _isNegated));
    }

    /// <summary>Makes everything up to the next module or target one unknown match.</summary>
    private void Unknown()
    {
        _bareModule = "";
        int start = _position;
        do
        {
            _position++;
        }
        while (!IsAtEnd && tokens[_position] is not ("-m" or "--match" or "-j" or "--jump" or "-g" or "--goto"));

        string options = string.Join(' ', tokens[start.._position]);
        string module = _module.Length == 0 ? "" : $"-m {_module} ";
        string match = module + options;
        if (Undecided.Of(_module) is not { } undecided)
        {
            _steps.Add(new RuleStep.UnknownMatch(Negation + match));
            return;
        }

        _steps.Add(new RuleStep.UnknownMatch(Negation + match)
        {
            DependsOn = _module == "set" && _undecidedSet.Length != 0 ? _undecidedSet : undecided.DependsOn,
            Contents = _module == "set" ? _setContents : "",
            IsOfIpSet = _module == "set" && !sets.IsGiven,
            Fact = undecided.IsOfPacket && !options.Contains('!', StringComparison.Ordinal) ? match : "",
            IsNegated = _isNegated,
            OfForwarded = _module == "owner" ? OwnerOfForwarded(start) : null,
        });
    }

    /// <summary>
    /// A packet that is forwarded has no owner: it matches if each option is negated (net/netfilter/xt_owner.c, owner_mt), which
    /// --suppl-groups never is (extensions/libxt_owner.c sets its bit of match, and none of invert).
    /// </summary>
    private bool OwnerOfForwarded(int start)
    {
        bool isMatch = true;
        for (int index = start; index < _position; index++)
        {
            isMatch &= !tokens[index].StartsWith("--", StringComparison.Ordinal) || (tokens[index] != "--suppl-groups" && tokens[index - 1] == "!");
        }

        return isMatch;
    }

    private static bool TryNumber(string value, out uint number) => value.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? uint.TryParse(value.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>Reads <c>value/mask</c>; without a mask it is all bits.</summary>
    private static bool TryMasked(string value, out uint number, out uint mask)
    {
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        mask = uint.MaxValue;
        return TryNumber(slash < 0 ? value : value[..slash], out number) && (slash < 0 || TryNumber(value[(slash + 1)..], out mask));
    }
}
