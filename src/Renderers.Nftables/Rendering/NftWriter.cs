using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>Emits full and incremental transactions as operations of an encoder.</summary>
/// <typeparam name="TEncoder">Encodes the operations.</typeparam>
internal ref partial struct NftWriter<TEncoder>(FamilyRules rules, NftablesOptions options, TEncoder encoder) : IElementSink
    where TEncoder : struct, INftEncoder, allows ref struct
{
    /// <summary>nft refuses element comments of more than 128 bytes, the terminator included.</summary>
    private const int MaxCommentLength = 127;

    private readonly FamilyRules _rules = rules;
    private readonly NftablesOptions _options = options;
    private TEncoder _encoder = encoder;

    /// <summary>Whether elements are being deleted: then only keys are written.</summary>
    private bool _isDeleting;

    private readonly NodeSettings Settings => _rules.Settings;

    /// <summary>Whether the local-traffic detector distinguishes traffic of this node's pods from other traffic.</summary>
    private readonly bool CanBeFromOutside => Settings.LocalTraffic is { IsPresent: true } detector && !IsEverything(detector);

    public void Complete() => _encoder.Complete();

    private static bool IsEverything(LocalTrafficDetector detector) =>
        detector.Kind == LocalTrafficKind.Prefix && detector.Prefix.IsEverything;

    /// <summary>The match for traffic of this node's pods, or for all other traffic.</summary>
    private void LocalTraffic(bool isNegated) => LocalTraffic(Settings.LocalTraffic, isNegated);

    private void LocalTraffic(LocalTrafficDetector detector, bool isNegated)
    {
        if (detector.Kind == LocalTrafficKind.Prefix)
        {
            _encoder.MatchAddress(KeyFields.SourceAddress, detector.Prefix, isNegated);
        }
        else
        {
            _encoder.MatchInterface(detector.Interface, detector.Kind == LocalTrafficKind.InterfacePrefix, isNegated);
        }
    }

    /// <summary>The rule that has packets masqueraded later.</summary>
    private void MarkRule(scoped ObjectName chain)
    {
        _encoder.BeginRule(chain);
        _encoder.SetMark(Settings.MasqueradeMark);
        _encoder.EndRule("masquerade"u8);
    }

    /// <summary>With policy Local, pods and the node itself go to all endpoints of the cluster.</summary>
    private void ShortCuts(scoped ObjectName chain, scoped ObjectName cluster)
    {
        if (Settings.LocalTraffic.IsPresent)
        {
            _encoder.BeginRule(chain);
            if (!IsEverything(Settings.LocalTraffic))
            {
                LocalTraffic(isNegated: false);
            }

            _encoder.Goto(cluster);
            _encoder.EndRule("short-circuit pod traffic"u8);
        }

        _encoder.BeginRule(chain);
        _encoder.MatchLocal(KeyFields.SourceAddress);
        _encoder.SetMark(Settings.MasqueradeMark);
        _encoder.EndRule("masquerade local traffic"u8);
        _encoder.BeginRule(chain);
        _encoder.MatchLocal(KeyFields.SourceAddress);
        _encoder.Goto(cluster);
        _encoder.EndRule("short-circuit local traffic"u8);
    }

    /// <summary>The service-port string as the comment of an element, cut to what nft takes.</summary>
    private static ReadOnlySpan<byte> ElementComment(ServicePortName name, Span<byte> buffer)
    {
        int length = name.Format(buffer);
        if (length > MaxCommentLength)
        {
            length = MaxCommentLength;
            "..."u8.CopyTo(buffer[(length - 3)..]);
        }

        return buffer[..length];
    }

    /// <summary>The comment of an object, if the kernel takes any.</summary>
    private readonly ReadOnlySpan<byte> ObjectComment(ReadOnlySpan<byte> comment) => _options.HasObjectComments ? comment : default;
}
