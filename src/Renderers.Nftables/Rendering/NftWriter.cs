using System.Buffers;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.RuleModel.Text;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>Writes commands and objects in the language of nft 1.0.1 and later.</summary>
internal ref partial struct NftWriter(FamilyRules rules, NftablesOptions options, IBufferWriter<byte> output) : IElementSink
{
    /// <summary>nft refuses element comments of more than 128 bytes, the terminator included.</summary>
    private const int MaxCommentLength = 127;

    private readonly FamilyRules _rules = rules;
    private readonly NftablesOptions _options = options;
    private Utf8TextWriter _text = new(output);

    /// <summary>Number of elements in the command that is being written.</summary>
    private int _batched;

    /// <summary>Whether elements are being deleted: then only keys are written.</summary>
    private bool _isDeleting;

    private readonly NodeSettings Settings => _rules.Settings;

    private readonly bool IsIPv4 => _rules.Family == IpFamily.IPv4;

    /// <summary>The family of the table and of payload expressions.</summary>
    private readonly ReadOnlySpan<byte> Family => IsIPv4 ? "ip"u8 : "ip6"u8;

    public void Flush() => _text.Flush();

    /// <summary><c>VERB ip kube-proxy NAME</c>, open for what follows.</summary>
    private void Command(scoped ReadOnlySpan<byte> verb, scoped ReadOnlySpan<byte> name)
    {
        _text.Write(verb);
        _text.WriteAscii((byte)' ');
        _text.Write(Family);
        _text.Write(" kube-proxy "u8);
        _text.Write(name);
    }

    private void Command(scoped ReadOnlySpan<byte> verb, string name)
    {
        Command(verb, default(ReadOnlySpan<byte>));
        _text.Write(name);
    }

    private void CommandLine(scoped ReadOnlySpan<byte> verb, string name)
    {
        Command(verb, name);
        EndLine();
    }

    private void EndLine() => _text.WriteAscii((byte)'\n');

    private void Line(scoped ReadOnlySpan<byte> line)
    {
        _text.Write(line);
        EndLine();
    }

    /// <summary><c>ip FIELD</c> or <c>ip6 FIELD</c>.</summary>
    private void Payload(scoped ReadOnlySpan<byte> field)
    {
        _text.Write(Family);
        _text.WriteAscii((byte)' ');
        _text.Write(field);
    }

    private void Prefix(IpPrefix prefix)
    {
        _text.Write(prefix.Address);
        if (!prefix.IsSingleAddress)
        {
            _text.WriteAscii((byte)'/');
            _text.Write((long)prefix.Length);
        }
    }

    private void SetMark()
    {
        _text.Write("meta mark set meta mark | "u8);
        _text.WriteHex(Settings.MasqueradeMark, 8);
    }

    /// <summary>The match for traffic of this node's pods, or for all other traffic.</summary>
    private void LocalTraffic(bool isNegated)
    {
        LocalTrafficDetector detector = Settings.LocalTraffic;
        if (detector.Kind == LocalTrafficKind.Prefix)
        {
            Payload("saddr "u8);
            _text.Write(isNegated ? "!= "u8 : default);
            Prefix(detector.Prefix);
        }
        else
        {
            _text.Write("iifname "u8);
            _text.Write(isNegated ? "!= \""u8 : "\""u8);
            _text.Write(detector.Interface);
            _text.Write(detector.Kind == LocalTrafficKind.InterfacePrefix ? "*\""u8 : "\""u8);
        }

        _text.WriteAscii((byte)' ');
    }

    /// <summary>Whether the local-traffic detector distinguishes traffic of this node's pods from other traffic.</summary>
    private readonly bool CanBeFromOutside => Settings.LocalTraffic is { IsPresent: true } detector && !IsEverything(detector);

    private static bool IsEverything(LocalTrafficDetector detector) =>
        detector.Kind == LocalTrafficKind.Prefix && detector.Prefix.IsEverything;

    /// <summary>The service-port string as a comment, cut to what nft takes.</summary>
    private void ElementComment(ServicePortName name)
    {
        Span<byte> spn = stackalloc byte[ServicePortName.MaxTextLength];
        int length = name.Format(spn);
        if (length > MaxCommentLength)
        {
            length = MaxCommentLength;
            "..."u8.CopyTo(spn[(length - 3)..]);
        }

        _text.Write(" comment \""u8);
        _text.Write(spn[..length]);
        _text.WriteAscii((byte)'"');
    }

    private void ObjectComment(scoped ReadOnlySpan<byte> comment)
    {
        if (_options.HasObjectComments)
        {
            _text.Write(" comment \""u8);
            _text.Write(comment);
            _text.Write("\";"u8);
        }
    }
}
