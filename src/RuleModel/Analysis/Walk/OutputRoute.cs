using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>The interface that a packet leaves by, where the routes of the node are known.</summary>
internal static class OutputRoute
{
    /// <summary>The name; null if it is not known, and for a space of packets.</summary>
    public static string? InterfaceOf(WalkContext context, WalkState state)
    {
        if (context.Packet is not { } packet || context.Node.Network is not { } network)
        {
            return null;
        }

        return network.Find(new(state.RoutedTo, state.Sources.IsSingle ? IpAddress.FromBits(state.Sources.First) : null, state.InputInterface.Length == 0 ? null : state.InputInterface)
        {
            IsInputOpen = state.InputInterface == WalkPacket.UnknownInterface,
            Mark = state.RoutedMark.Mark,
            KnownMark = state.RoutedMark.Known,
            Protocol = packet.Protocol,
            SourcePort = packet.IsSourcePortOpen ? null : packet.SourcePort,
            DestinationPort = state.PresentPorts.IsSingle ? state.PresentPorts.First : null,
        }).Interface;
    }

    /// <summary>
    /// The mark that a packet is routed by, at the beginning of a hook. One of the node is routed again when mangle OUTPUT has changed
    /// its mark or nat OUTPUT its destination (ip_route_me_harder in net/ipv4/netfilter.c); whether the rule that changed the mark was
    /// in mangle is not followed, so the bits that have changed are not known.
    /// </summary>
    public static (uint Mark, uint Known) MarkAt(Hook hook, WalkState state)
    {
        (uint Mark, uint Known) now = (state.Bits.Present, state.Bits.Known);
        return hook != Hook.Postrouting ? now
            : state.InputInterface.Length != 0 ? state.RoutedMark
            : (now.Mark, now.Known & ~(now.Mark ^ state.RoutedMark.Mark));
    }
}
