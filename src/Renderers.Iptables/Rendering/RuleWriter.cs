using System.Buffers;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.RuleModel.Text;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <summary>
/// Writes rules in the form of iptables-save, which iptables-restore accepts as well: source, destination, interface and
/// protocol first, then the matches in the order kube-proxy gives them, then the target.
/// </summary>
/// <param name="rules">The rules.</param>
/// <param name="ports">The service ports that dispatch chains have rules for: all, by Service and name.</param>
/// <param name="options">Features of the host's iptables.</param>
/// <param name="output">Receives the text.</param>
internal ref partial struct RuleWriter(FamilyRules rules, ReadOnlySpan<ServicePortRules> ports, IptablesOptions options, IBufferWriter<byte> output)
{
    private readonly FamilyRules _rules = rules;
    private readonly ReadOnlySpan<ServicePortRules> _ports = ports;
    private readonly IptablesOptions _options = options;
    private Utf8TextWriter _text = new(output);
    private int _filterRules;
    private int _sharedNatRules;
    private int _ruleCount;

    private readonly NodeSettings Settings => _rules.Settings;

    private readonly bool IsIPv4 => _rules.Family == IpFamily.IPv4;

    /// <summary>The rules written so far.</summary>
    public readonly RuleCounts Counts => new(_filterRules, _sharedNatRules, _ruleCount - _filterRules - _sharedNatRules);

    public void Flush() => _text.Flush();

    private void BeginTable(scoped ReadOnlySpan<byte> name)
    {
        _text.WriteAscii((byte)'*');
        _text.Write(name);
        _text.WriteAscii((byte)'\n');
    }

    private void EndTable() => _text.Write("COMMIT\n"u8);

    private void DeclareBuiltIn(scoped ReadOnlySpan<byte> chain)
    {
        _text.WriteAscii((byte)':');
        _text.Write(chain);
        _text.Write(" ACCEPT [0:0]\n"u8);
    }

    private void Declare(scoped ReadOnlySpan<byte> chain)
    {
        _text.WriteAscii((byte)':');
        _text.Write(chain);
        _text.Write(" - [0:0]\n"u8);
    }

    private void Declare(ChainName chain)
    {
        _text.WriteAscii((byte)':');
        NameText(chain);
        _text.Write(" - [0:0]\n"u8);
    }

    private void Append(scoped ReadOnlySpan<byte> chain)
    {
        _text.Write("-A "u8);
        _text.Write(chain);
    }

    private void Append(ChainName chain)
    {
        _text.Write("-A "u8);
        NameText(chain);
    }

    private void Source(IpAddress address)
    {
        _text.Write(" -s "u8);
        Host(address);
    }

    private void Source(IpPrefix prefix)
    {
        _text.Write(" -s "u8);
        _text.WriteAsListed(prefix.Address);
        _text.WriteAscii((byte)'/');
        _text.Write(prefix.Length);
    }

    private void Destination(IpAddress address)
    {
        _text.Write(" -d "u8);
        Host(address);
    }

    private void Host(IpAddress address)
    {
        _text.WriteAsListed(address);
        _text.Write(address.IsIPv4 ? "/32"u8 : "/128"u8);
    }

    private void InputInterface(LocalTrafficDetector detector)
    {
        _text.Write(" -i "u8);
        _text.Write(detector.Interface);
        if (detector.Kind == LocalTrafficKind.InterfacePrefix)
        {
            _text.WriteAscii((byte)'+');
        }
    }

    private void Protocol(TransportProtocol protocol)
    {
        _text.Write(" -p "u8);
        _text.Write(protocol.ToLowerText());
    }

    private void ProtocolMatch(TransportProtocol protocol)
    {
        _text.Write(" -m "u8);
        _text.Write(protocol.ToLowerText());
    }

    private void DestinationPort(TransportProtocol protocol, ushort port)
    {
        ProtocolMatch(protocol);
        _text.Write(" --dport "u8);
        _text.Write(port);
    }

    private void Comment(scoped ReadOnlySpan<byte> text)
    {
        _text.Write(" -m comment --comment \""u8);
        _text.Write(text);
        _text.WriteAscii((byte)'"');
    }

    private void Comment(scoped ReadOnlySpan<byte> before, ServicePortName name, scoped ReadOnlySpan<byte> after)
    {
        _text.Write(" -m comment --comment \""u8);
        _text.Write(before);
        NameText(name);
        _text.Write(after);
        _text.WriteAscii((byte)'"');
    }

    private void NameText(ChainName chain)
    {
        Span<byte> name = stackalloc byte[ChainName.MaxTextLength];
        _text.Write(name[..chain.Format(name)]);
    }

    private void NameText(ServicePortName name)
    {
        Span<byte> spn = stackalloc byte[ServicePortName.MaxTextLength];
        _text.Write(spn[..name.Format(spn)]);
    }

    private void EndRule()
    {
        _text.WriteAscii((byte)'\n');
        _ruleCount++;
    }

    private void Jump(scoped ReadOnlySpan<byte> target)
    {
        _text.Write(" -j "u8);
        _text.Write(target);
        EndRule();
    }

    private void Jump(ChainName target)
    {
        _text.Write(" -j "u8);
        NameText(target);
        EndRule();
    }

    private void JumpToReject() =>
        Jump(IsIPv4 ? "REJECT --reject-with icmp-port-unreachable"u8 : "REJECT --reject-with icmp6-port-unreachable"u8);

    private void JumpToMasquerade() => Jump("KUBE-MARK-MASQ"u8);
}
