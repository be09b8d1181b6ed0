using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>Reads the output of <c>ipset save</c> (ipset(8)).</summary>
public static class IpsetSaveReader
{
    /// <summary>The most entries that are read: more than the kernel's default of 65,536 for each of 15 sets.</summary>
    public const int MostEntries = 1_000_000;

    private const string Wanted = "give what \"sudo ipset save\" prints";

    /// <summary>Reads sets.</summary>
    /// <param name="text">The text.</param>
    /// <param name="firstLine">The number of its first line, for messages.</param>
    /// <exception cref="RuleTextException">It is not output of <c>ipset save</c>.</exception>
    public static IpSets Read(string text, int firstLine = 1)
    {
        Dictionary<string, SetBuilder> sets = new(StringComparer.Ordinal);
        int number = firstLine - 1;
        int entries = 0;
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            number++;
            ReadOnlySpan<char> line = raw.Trim("\uFEFF \t");
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            List<string> words = RuleTokens.Split(line.ToString());
            switch (words)
            {
                case ["create" or "-N" or "n", var name, var type, .. var options]:
                    if (!sets.TryAdd(name, new(name, type, options)))
                    {
                        throw Bad(number, $"the set {name} is created twice");
                    }

                    break;
                case ["add" or "-A", var name, var entry, .. var options]:
                    if (!sets.TryGetValue(name, out SetBuilder? set))
                    {
                        throw Bad(number, $"the set {name} is not created above");
                    }

                    if (++entries > MostEntries)
                    {
                        throw Bad(number, $"has more than {MostEntries} entries; leave out the sets that no rule names");
                    }

                    if (!set.TryAdd(entry, options))
                    {
                        throw Bad(number, $"\"{entry}\" is no entry of a set of type {set.Type}; {Wanted}");
                    }

                    break;
                default:
                    throw Bad(number, $"\"{line}\" is not a line of ipset save; {Wanted}");
            }
        }

        return sets.Count != 0 ? new(sets.Values.Select(static set => set.Build())) : throw Bad(0, $"holds no sets; {Wanted}");
    }

    private static RuleTextException Bad(int line, string reason) => new(line, reason) { HasRemedy = true };

    private sealed class SetBuilder
    {
        private readonly string _name;
        private readonly List<IpSetEntry> _entries = [];
        private readonly List<string> _members = [];
        private readonly IpSetField[]? _fields;
        private readonly int _netmask = -1;
        private string _notUnderstood = "";
        private UInt128 _digest;
        private readonly IpFamily? _family;

        public SetBuilder(string name, string type, List<string> options)
        {
            _name = name;
            Type = type;
            _fields = IpSet.FieldsOf(type);
            _family = type == "bitmap:ip" || (type.StartsWith("hash:", StringComparison.Ordinal) && type != "hash:mac") ? IpFamily.IPv4 : null;
            for (int index = 0; index < options.Count; index++)
            {
                string option = options[index];
                switch (option)
                {
                    case "timeout" or "hashsize" or "maxelem" or "bucketsize" or "initval" or "size":
                        index++; // they decide no lookup
                        break;
                    case "counters" or "comment" or "skbinfo" or "forceadd":
                        break;
                    case "family" when index + 1 < options.Count:
                        _family = options[++index] is "inet6" or "ipv6" ? IpFamily.IPv6 : IpFamily.IPv4;
                        break;
                    case "range":
                        index++; // an entry outside of it is refused
                        break;
                    case "netmask" when type is "hash:ip" or "bitmap:ip" && index + 1 < options.Count && int.TryParse(options[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length <= 128:
                        _netmask = length;
                        index++;
                        break;
                    default:
                        _notUnderstood = $"{type} {option}";
                        break;
                }
            }
        }

        public string Type { get; }

        public IpSet Build() => new(_name, Type, EquatableArray.CopyOf(_entries), EquatableArray.CopyOf(_members)) { NotUnderstood = _notUnderstood, Family = _family, Digest = _digest + DigestOf($"{Type} {_family} {_netmask} {_notUnderstood}") };

        /// <summary>Adds an entry. One in a form that is not understood makes the set one that is not understood.</summary>
        /// <returns>Whether it has as many fields as the type wants, and readable ones.</returns>
        public bool TryAdd(string text, List<string> options)
        {
            bool isNoMatch = false;
            string decisive = text;
            for (int index = 0; index < options.Count; index++)
            {
                switch (options[index])
                {
                    case "nomatch":
                        isNoMatch = true;
                        decisive += " nomatch";
                        break;
                    case "timeout" or "packets" or "bytes" or "comment" or "skbmark" or "skbprio" or "skbqueue" or "before" or "after":
                        index++; // they decide no lookup
                        break;
                    default:
                        _notUnderstood = $"entry {text} {options[index]}";
                        decisive += " " + options[index];
                        break;
                }
            }

            _digest += DigestOf(decisive); // a sum: the kernel lists entries in any order

            if (Type == IpSet.ListType)
            {
                _members.Add(text);
                return true;
            }

            if (_fields is null)
            {
                return true;
            }

            string[] parts = text.Split(',');
            if (parts.Length != _fields.Length)
            {
                return false;
            }

            AddressRange? first = null;
            AddressRange? second = null;
            TransportProtocol? protocol = null;
            PortRange? ports = null;
            for (int index = 0; index < parts.Length; index++)
            {
                if (_fields[index] == IpSetField.Address)
                {
                    if (!TryAddress(parts[index], out AddressRange range))
                    {
                        return false;
                    }

                    second = index == 0 ? second : range;
                    first = index == 0 ? range : first;
                }
                else if (!TryPorts(parts[index], out protocol, out ports))
                {
                    return false;
                }
            }

            if (ports is not null || !_fields.Contains(IpSetField.Port))
            {
                _entries.Add(new(first, protocol, ports, second, isNoMatch));
            }

            return true;
        }

        private static UInt128 DigestOf(string text) => BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

        private bool TryAddress(string text, out AddressRange range)
        {
            int dash = text.IndexOf('-', StringComparison.Ordinal);
            if (dash >= 0)
            {
                range = default;
                if (!IpAddress.TryParse(text[..dash], out IpAddress low) || !IpAddress.TryParse(text[(dash + 1)..], out IpAddress high) || low.IsIPv4 != high.IsIPv4 || high.CompareTo(low) < 0)
                {
                    return false;
                }

                // The kernel adds the networks or, with a netmask, some addresses of the range.
                _notUnderstood = _netmask >= 0 || Type.Contains("net", StringComparison.Ordinal) ? $"entry {text}" : _notUnderstood;
                range = new(low.ToBits(), high.ToBits());
                return true;
            }

            bool isPrefix = text.Contains('/', StringComparison.Ordinal);
            if (isPrefix && IpPrefix.TryParse(text, out IpPrefix prefix))
            {
                range = AddressRange.Of(_netmask >= 0 && _netmask < prefix.Length ? IpPrefix.Create(prefix.Address, _netmask) : prefix);
                return true;
            }

            range = default;
            if (isPrefix || !IpAddress.TryParse(text, out IpAddress address))
            {
                return false;
            }

            range = _netmask >= 0 && _netmask <= address.BitLength ? AddressRange.Of(IpPrefix.Create(address, _netmask)) : AddressRange.Of(address);
            return true;
        }

        /// <summary>Reads <c>80</c>, <c>udp:53</c>, <c>tcp:80-90</c>; of other protocols than those of Services nothing is kept, as no packet that is followed has them.</summary>
        private bool TryPorts(string text, out TransportProtocol? protocol, out PortRange? ports)
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            bool isBitmap = Type == "bitmap:port";
            protocol = isBitmap ? null : TransportProtocol.Tcp;
            ports = null;
            if (colon >= 0)
            {
                string name = text[..colon];
                TransportProtocol? named = name switch { "tcp" or "6" => TransportProtocol.Tcp, "udp" or "17" => TransportProtocol.Udp, "sctp" or "132" => TransportProtocol.Sctp, _ => null };
                if (named is null && !isBitmap)
                {
                    return name.Length != 0;
                }

                protocol = isBitmap ? null : named;
            }

            string[] ends = text[(colon + 1)..].Split('-');
            if (ends.Length > 2 || !PortNames.TryParse(ends[0], out ushort low) || !PortNames.TryParse(ends[^1], out ushort high) || high < low)
            {
                return false;
            }

            ports = new(low, high);
            return true;
        }
    }
}
