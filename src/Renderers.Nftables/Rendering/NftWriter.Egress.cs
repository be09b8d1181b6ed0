using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>The chain that masquerades what pods send out of the cluster, behind what Services masquerade.</content>
internal ref partial struct NftWriter<TEncoder>
{
    private static ReadOnlySpan<byte> EgressChain => "egress-masquerade"u8;

    private void EgressRules(EgressMasquerade egress)
    {
        if (!IsEverything(egress.Pods))
        {
            _encoder.BeginRule(EgressChain);
            LocalTraffic(egress.Pods, isNegated: true);
            _encoder.Return();
            _encoder.EndRule("not from pods of this node"u8);
        }

        _encoder.BeginRule(EgressChain);
        _encoder.MatchLocal(KeyFields.SourceAddress);
        _encoder.Return();
        _encoder.EndRule("from the node itself"u8);
        if (!egress.KeptDestinations.IsEmpty)
        {
            _encoder.BeginRule(EgressChain);
            _encoder.MatchAddress(KeyFields.DestinationAddress, egress.KeptDestinations);
            _encoder.Return();
            _encoder.EndRule("pods keep their address"u8);
        }

        _encoder.BeginRule(EgressChain);
        _encoder.Masquerade();
        _encoder.EndRule("from pods to outside"u8);
    }
}
