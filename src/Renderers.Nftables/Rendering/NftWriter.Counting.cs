using KubeProxySharp.Renderers.Nftables.Naming;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>
/// Counting of connections. A rule that counts stands where it is certain what happens to the packet: before those that choose an
/// endpoint, refuse or drop. So other traffic never comes to one, and a connection comes to one only.
/// </content>
internal ref partial struct NftWriter<TEncoder>
{
    private void DeclareCountingSets()
    {
        if (!_options.HasServiceCounters)
        {
            return;
        }

        foreach (string set in CountingSets.All)
        {
            _encoder.DeclareSet(new() { Name = set, Key = SetKeys.Frontend, HasCounters = true, Comment = ObjectComment("connections of Services"u8) });
        }
    }

    /// <summary>The rule that counts the packet for its destination. It has no verdict, so what the chain does is the same without it.</summary>
    private void CountRule(scoped ObjectName chain, string set)
    {
        if (!_options.HasServiceCounters)
        {
            return;
        }

        _encoder.BeginRule(chain);
        _encoder.UpdateSet(set, SetKeys.Frontend);
        _encoder.EndRule(default);
    }

    /// <summary>Counts, and drops.</summary>
    private void DropChain()
    {
        if (!_options.HasServiceCounters)
        {
            return;
        }

        _encoder.BeginChain("drop-chain"u8, isFixed: true, ObjectComment("helper for @no-endpoint-services / @no-endpoint-nodeports"u8));
        CountRule("drop-chain"u8, CountingSets.NoLocalEndpoints);
        _encoder.BeginRule("drop-chain"u8);
        _encoder.Drop();
        _encoder.EndRule(default);
        _encoder.EndChain();
    }
}
