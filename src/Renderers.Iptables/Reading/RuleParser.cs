using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>Parses one rule.</summary>
/// <param name="text">The rule.</param>
/// <param name="tokens">Its tokens.</param>
internal sealed partial class RuleParser(string text, List<string> tokens)
{
    private readonly List<RuleStep> _steps = [];
    private int _position = 2;
    private bool _isNegated;
    private string _comment = "";
    private string _module = "";

    private bool IsAtEnd => _position >= tokens.Count;

    public WalkRule Parse()
    {
        while (!IsAtEnd)
        {
            if (tokens[_position] == "!")
            {
                _isNegated = true;
                _position++;
                continue;
            }

            int start = _position;
            string option = Next();
            if (option is "-j" or "-g")
            {
                Target(Next(), isGoto: option == "-g");
                break;
            }

            if (!Option(option))
            {
                _position = start;
                Unknown();
            }

            _isNegated = false;
        }

        return new WalkRule(text, EquatableArray.CopyOf(_steps)) { Comment = _comment };
    }

    private string Next() => IsAtEnd ? "" : tokens[_position++];

    /// <summary>Reads an option; false if it is unknown.</summary>
    private bool Option(string option)
    {
        switch (option)
        {
            case "-s" or "-d":
                return Address(option == "-s" ? PacketField.Source : PacketField.Destination, Next());
            case "-i" or "-o":
                string name = Next();
                bool isPrefix = name.EndsWith('+');
                _steps.Add(new RuleStep.InterfaceMatch(option == "-i", isPrefix ? name[..^1] : name, isPrefix, _isNegated));
                return true;
            case "-p":
                Protocol(Next());
                return true;
            case "-m":
                _module = Next();
                return true;
            default:
                return ModuleOption(option);
        }
    }

    private bool Address(PacketField field, string value)
    {
        if (!IpPrefix.TryParse(value.Contains('/', StringComparison.Ordinal) ? value : value + (value.Contains(':', StringComparison.Ordinal) ? "/128" : "/32"), out IpPrefix prefix))
        {
            return false;
        }

        _steps.Add(new RuleStep.AddressMatch(field, [AddressRange.Of(prefix)], _isNegated));
        return true;
    }

    private void Protocol(string name)
    {
        TransportProtocol? protocol = name switch
        {
            "tcp" => TransportProtocol.Tcp,
            "udp" => TransportProtocol.Udp,
            "sctp" => TransportProtocol.Sctp,
            _ => null,
        };
        _steps.Add(new RuleStep.ProtocolMatch(protocol, _isNegated));
    }

    private bool ModuleOption(string option)
    {
        switch (_module, option)
        {
            case ("comment", "--comment"):
                _comment = Next();
                return true;
            case ("tcp" or "udp" or "sctp", "--dport" or "--sport"):
                return Port(option == "--sport" ? PacketField.SourcePort : PacketField.DestinationPort, Next());
            case ("conntrack", "--ctstate") or ("state", "--state"):
                return States(Next());
            case ("mark", "--mark"):
                return Mark(Next());
            case ("addrtype", "--src-type" or "--dst-type"):
                return AddressType(option == "--src-type" ? PacketField.Source : PacketField.Destination, Next());
            case ("statistic", "--mode"):
                return Statistic();
            case ("recent", "--rcheck" or "--set"):
                return Recent(option);
            case ("nfacct", "--nfacct-name"):
                _steps.Add(new RuleStep.NoEffect("nfacct " + Next()));
                return true;
            default:
                return false;
        }
    }

    private bool Port(PacketField field, string value)
    {
        string[] ends = value.Split(':');
        bool isRead = ushort.TryParse(ends[0].Length == 0 ? "0" : ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort first);
        ushort last = first;
        isRead &= ends.Length == 1 || ushort.TryParse(ends[1].Length == 0 ? "65535" : ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out last);
        if (isRead)
        {
            _steps.Add(new RuleStep.PortMatch(field, first, last, _isNegated));
        }

        return isRead;
    }

    private bool States(string value)
    {
        ConnectionStates states = ConnectionStates.None;
        foreach (string word in value.Split(','))
        {
            states |= word switch
            {
                "NEW" => ConnectionStates.New,
                "ESTABLISHED" => ConnectionStates.Established,
                "RELATED" => ConnectionStates.Related,
                "INVALID" => ConnectionStates.Invalid,
                "DNAT" => ConnectionStates.Dnat,
                "SNAT" => ConnectionStates.Snat,
                "UNTRACKED" => ConnectionStates.Untracked,
                _ => ConnectionStates.None,
            };
        }

        _steps.Add(new RuleStep.StateMatch(states, _isNegated));
        return true;
    }

    private bool Mark(string value)
    {
        string[] parts = value.Split('/');
        if (!TryNumber(parts[0], out uint wanted))
        {
            return false;
        }

        uint mask = uint.MaxValue;
        if (parts.Length > 1 && !TryNumber(parts[1], out mask))
        {
            return false;
        }

        _steps.Add(new RuleStep.MarkMatch(mask, wanted, _isNegated));
        return true;
    }

    private bool AddressType(PacketField field, string value)
    {
        if (value != "LOCAL")
        {
            return false;
        }

        _steps.Add(new RuleStep.LocalMatch(field, _isNegated));
        return true;
    }

    private bool Statistic()
    {
        if (_position + 3 > tokens.Count || tokens[_position] != "random" || tokens[_position + 1] != "--probability"
            || !double.TryParse(tokens[_position + 2], CultureInfo.InvariantCulture, out double probability))
        {
            return false;
        }

        _position += 3;
        _steps.Add(new RuleStep.RandomMatch(_isNegated ? 1 - probability : probability));
        return true;
    }

    private bool Recent(string option)
    {
        string name = "DEFAULT";
        int seconds = 0;
        while (!IsAtEnd && tokens[_position] is "--seconds" or "--reap" or "--name" or "--mask" or "--rsource")
        {
            string inner = Next();
            if (inner == "--seconds" && !int.TryParse(Next(), CultureInfo.InvariantCulture, out seconds))
            {
                return false;
            }

            if (inner == "--name")
            {
                name = Next();
            }
            else if (inner == "--mask")
            {
                Next();
            }
        }

        if (_isNegated)
        {
            return false;
        }

        _steps.Add(option == "--set" ? new RuleStep.RememberClient(name) : new RuleStep.KnownClientMatch(name, seconds));
        return true;
    }

    /// <summary>Makes everything up to the next module or target one unknown match.</summary>
    private void Unknown()
    {
        int start = _position;
        do
        {
            _position++;
        }
        while (!IsAtEnd && tokens[_position] is not ("-m" or "-j" or "-g"));

        string options = string.Join(' ', tokens[start.._position]);
        string module = _module.Length == 0 ? "" : $"-m {_module} ";
        _steps.Add(new RuleStep.UnknownMatch((_isNegated ? "! " : "") + module + options));
    }

    private static bool TryNumber(string value, out uint number) => value.StartsWith("0x", StringComparison.Ordinal)
        ? uint.TryParse(value.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
