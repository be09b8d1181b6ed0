using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <content>The options of match extensions (iptables-extensions(8)).</content>
internal sealed partial class RuleParser
{
    private const int SynFlag = 2;

    private bool ModuleOption(string option)
    {
        switch (option)
        {
            case "--comment":
                _comment = Next();
                return true;
            case "--dport" or "--destination-port" or "--sport" or "--source-port":
                return (_protocol is not null || _modules.Overlaps(["tcp", "udp", "sctp"])) && Port(option is "--sport" or "--source-port" ? PacketField.SourcePort : PacketField.DestinationPort, Next());
            case "--dports" or "--destination-ports":
                return Ports(Next(), isSource: false, isDestination: true);
            case "--sports" or "--source-ports":
                return Ports(Next(), isSource: true, isDestination: false);
            case "--ports":
                return Ports(Next(), isSource: true, isDestination: true);
            case "--syn":
                return TcpFlags("SYN,RST,ACK,FIN", "SYN", option);
            case "--tcp-flags":
                string mask = Next();
                string set = Next();
                return TcpFlags(mask, set, $"{option} {mask} {set}");
            case "--src-range" or "--dst-range":
                return Range(option == "--src-range" ? PacketField.Source : PacketField.Destination, Next());
            case "--mark":
                return Mark(Next());
            case "--src-type" or "--dst-type":
                return AddressType(option == "--src-type" ? PacketField.Source : PacketField.Destination, Next());
            case "--mode":
                return Statistic();
            case "--set" or "--rcheck" or "--update" or "--remove" when _module == "recent":
                return Recent(option);
            case "--match-set" when _module == "set":
                return IpSet(Next(), Next());
            case "--nfacct-name":
                _steps.Add(new RuleStep.NoEffect("nfacct " + Next()));
                return true;
            case "--pkt-type":
                return PacketType(Next());
            default:
                return ConnectionOption(option);
        }
    }

    /// <summary>Of the connection; a first packet is of the original direction, and nothing has come back yet.</summary>
    private bool ConnectionOption(string option)
    {
        if (option.StartsWith("--ct", StringComparison.Ordinal) && option != "--ctstate" && !_steps.Exists(static step => step is RuleStep.StateMatch or RuleStep.TrackedMatch))
        {
            // net/netfilter/xt_conntrack.c, conntrack_mt: without a connection only the state decides.
            _steps.Add(new RuleStep.TrackedMatch());
        }

        switch (option)
        {
            case "--ctstate" or "--state":
                return States(Next());
            case "--ctproto":
                Protocol(Next());
                return true;
            case "--ctorigsrc":
                return Address(PacketField.Source, Next());
            case "--ctorigdst":
                return Address(PacketField.OriginalDestination, Next());
            case "--ctorigsrcport":
                return Port(PacketField.SourcePort, Next());
            case "--ctorigdstport":
                return Port(PacketField.OriginalDestinationPort, Next());
            case "--ctdir":
                string direction = Next();
                _steps.Add(new RuleStep.SettledMatch($"{Negation}{option} {direction}", direction.Equals("ORIGINAL", StringComparison.OrdinalIgnoreCase) != _isNegated, OnlyFirstPacket: true));
                return direction.ToUpperInvariant() is "ORIGINAL" or "REPLY";
            case "--ctstatus":
                // NONE is no bit, and never met. A packet that the node sends to itself comes in confirmed.
                string status = Next();
                bool isSettled = Array.TrueForAll(status.ToUpperInvariant().Split(','), static word => word is "NONE" or "SEEN_REPLY" or "ASSURED");
                _steps.Add(new RuleStep.SettledMatch($"{Negation}{option} {status}", _isNegated, OnlyFirstPacket: true));
                return isSettled;
            default:
                return false;
        }
    }

    private bool Port(PacketField field, string value)
    {
        if (!TryPorts(value, ':', out PortRange range))
        {
            return false;
        }

        _steps.Add(new RuleStep.PortMatch(field, range.First, range.Last, _isNegated));
        return true;
    }

    private static bool TryPorts(string value, char separator, out PortRange range)
    {
        string[] ends = value.Split(separator);
        bool isRead = PortNames.TryParse(ends[0].Length == 0 && ends.Length == 2 ? "0" : ends[0], out ushort first);
        ushort last = first;
        isRead &= ends.Length == 1 || (ends.Length == 2 && PortNames.TryParse(ends[1].Length == 0 ? "65535" : ends[1], out last));
        range = new(first, last);
        return isRead && first <= last;
    }

    private bool Ports(string value, bool isSource, bool isDestination)
    {
        List<PortRange> ranges = [];
        foreach (string one in value.Split(','))
        {
            if (!TryPorts(one, ':', out PortRange range))
            {
                return false;
            }

            ranges.Add(range);
        }

        EquatableArray<PortRange> all = EquatableArray.CopyOf(ranges);
        if (isSource != isDestination)
        {
            _steps.Add(new RuleStep.PortsMatch(isSource ? PacketField.SourcePort : PacketField.DestinationPort, all, _isNegated));
            return true;
        }

        EquatableArray<RuleStep> source = [new RuleStep.PortsMatch(PacketField.SourcePort, all, IsNegated: false)];
        EquatableArray<RuleStep> destination = [new RuleStep.PortsMatch(PacketField.DestinationPort, all, IsNegated: false)];
        _steps.Add(new RuleStep.AnyOf([destination, source], _isNegated));
        return true;
    }

    /// <summary>Of the first packet of a connection, which has SYN and no other of these flags. ECN may set ECE and CWR, which iptables does not know.</summary>
    private bool TcpFlags(string mask, string set, string text)
    {
        if (!TryFlags(mask, out int examined) || !TryFlags(set, out int wanted))
        {
            return false;
        }

        _steps.Add(new RuleStep.SettledMatch(Negation + text, (SynFlag & examined) == wanted != _isNegated, OnlyFirstPacket: true));
        return true;
    }

    private static bool TryFlags(string names, out int flags)
    {
        flags = 0;
        foreach (string name in names.Split(','))
        {
            int flag = name.ToUpperInvariant() switch { "FIN" => 1, "SYN" => SynFlag, "RST" => 4, "PSH" => 8, "ACK" => 16, "URG" => 32, "ALL" => 63, "NONE" => 0, _ => -1 };
            if (flag < 0)
            {
                return false;
            }

            flags |= flag;
        }

        return true;
    }

    private bool Range(PacketField field, string value)
    {
        string[] ends = value.Split('-');
        if (!IpAddress.TryParse(ends[0], out IpAddress first) || !IpAddress.TryParse(ends[^1], out IpAddress last) || ends.Length > 2 || last.CompareTo(first) < 0)
        {
            return false;
        }

        _steps.Add(new RuleStep.AddressMatch(field, [new AddressRange(first.ToBits(), last.ToBits())], _isNegated));
        return true;
    }

    private bool States(string value)
    {
        ConnectionStates states = ConnectionStates.None;
        foreach (string word in value.Split(','))
        {
            ConnectionStates state = word.ToUpperInvariant() switch
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
            if (state == ConnectionStates.None)
            {
                return false;
            }

            states |= state;
        }

        _steps.Add(new RuleStep.StateMatch(states, _isNegated));
        return true;
    }

    private bool Mark(string value)
    {
        if (!TryMasked(value, out uint wanted, out uint mask))
        {
            return false;
        }

        _steps.Add(_module == "connmark" ? new RuleStep.ConnectionMarkMatch(mask, wanted, _isNegated) : new RuleStep.MarkMatch(mask, wanted, _isNegated));
        return _module is "mark" or "connmark";
    }

    private bool AddressType(PacketField field, string value)
    {
        AddressTypes types = AddressTypes.None;
        foreach (string word in value.Split(','))
        {
            types |= word.ToUpperInvariant() switch
            {
                "UNICAST" => AddressTypes.Unicast,
                "LOCAL" => AddressTypes.Local,
                "BROADCAST" => AddressTypes.Broadcast,
                "MULTICAST" => AddressTypes.Multicast,
                _ => AddressTypes.Other,
            };
        }

        bool isOfInterface = !IsAtEnd && tokens[_position] is "--limit-iface-in" or "--limit-iface-out";
        _position += isOfInterface ? 1 : 0;
        _steps.Add(types == AddressTypes.Local && !isOfInterface
            ? new RuleStep.LocalMatch(field, _isNegated)
            : new RuleStep.AddressTypeMatch(field, types, _isNegated, isOfInterface) { NeedsAllForIPv6 = true });
        return true;
    }

    /// <summary>A packet to one host is sent to it alone on the link, too.</summary>
    private bool PacketType(string value)
    {
        AddressTypes types = value.ToLowerInvariant() switch
        {
            "unicast" or "host" => AddressTypes.Unicast | AddressTypes.Local,
            "broadcast" => AddressTypes.Broadcast,
            "multicast" => AddressTypes.Multicast,
            _ => AddressTypes.None,
        };
        _steps.Add(new RuleStep.AddressTypeMatch(PacketField.Destination, types, _isNegated));
        return types != AddressTypes.None;
    }

    /// <summary>By chance, or every n-th packet: of a single packet that is a chance too.</summary>
    private bool Statistic()
    {
        string mode = Next();
        double probability = 0;
        while (!IsAtEnd && tokens[_position] is "--probability" or "--every" or "--packet")
        {
            string option = Next();
            string value = Next();
            bool isRead = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= 0;
            if (!isRead)
            {
                return false;
            }

            probability = option switch { "--probability" => number, "--every" => 1 / Math.Max(number, 1), _ => probability };
        }

        _steps.Add(new RuleStep.RandomMatch(_isNegated ? 1 - probability : probability));
        return mode is "random" or "nth" && probability is > 0 and <= 1;
    }

    /// <summary>The packet is in an ipset. Options that compare counters are not decided (xt_set.c, set_match_v4).</summary>
    private bool IpSet(string name, string sides)
    {
        _undecidedSet = "";
        _setContents = sets.DigestOf(name) is { Length: > 0 } digest ? $" (contents {digest})" : "";
        bool returnsNoMatch = false;
        while (!IsAtEnd)
        {
            bool isOfCounters = tokens[_position] == "!" && _position + 1 < tokens.Count && tokens[_position + 1] is "--update-counters" or "--update-subcounters";
            if (!isOfCounters && tokens[_position] != "--return-nomatch")
            {
                break;
            }

            returnsNoMatch |= !isOfCounters;
            _position += isOfCounters ? 2 : 1;
        }

        if (!IsAtEnd && tokens[_position] is not ("-m" or "--match" or "-j" or "--jump" or "-g" or "--goto"))
        {
            _undecidedSet = sets.IsGiven ? $"{IpSets.Contents} {name} in a way that is not followed" : "";
            return false;
        }

        string[] words = sides.Split(',');
        if (words.Length > 6 || !Array.TrueForAll(words, static word => word is "src" or "dst"))
        {
            return false;
        }

        if (!sets.TryTest(name, Array.ConvertAll(words, static word => word == "src"), returnsNoMatch, out EquatableArray<EquatableArray<RuleStep>> alternatives, out _undecidedSet))
        {
            return false;
        }

        _steps.Add(alternatives.Length == 0
            ? new RuleStep.SettledMatch($"{Negation}--match-set {name} {sides}{(returnsNoMatch ? " --return-nomatch" : "")}", _isNegated, OnlyFirstPacket: false)
            : new RuleStep.AnyOf(alternatives, _isNegated));
        return true;
    }

    /// <summary>
    /// kube-proxy's session affinity is a list of recent clients from which old ones are taken out (--reap): the client is taken
    /// for a new one. Of other lists it is not known whether they have the client.
    /// </summary>
    private bool Recent(string option)
    {
        string name = "DEFAULT";
        int seconds = 0;
        bool isReaped = false;
        bool isPlain = true;
        while (!IsAtEnd && tokens[_position] is "--seconds" or "--reap" or "--name" or "--mask" or "--rsource" or "--rdest" or "--hitcount" or "--rttl")
        {
            string inner = Next();
            isReaped |= inner == "--reap";
            isPlain &= inner is not ("--rdest" or "--hitcount" or "--rttl");
            if (inner == "--seconds" && !int.TryParse(Next(), CultureInfo.InvariantCulture, out seconds))
            {
                return false;
            }

            if (inner == "--name")
            {
                name = Next();
            }
            else if (inner is "--mask" or "--hitcount")
            {
                Next();
            }
        }

        if (_isNegated)
        {
            return false;
        }

        if (option == "--set")
        {
            _steps.Add(new RuleStep.RememberClient(name));
            return true;
        }

        if (option == "--rcheck" && isReaped && isPlain)
        {
            _steps.Add(new RuleStep.KnownClientMatch(name, seconds));
            return true;
        }

        return false;
    }
}
