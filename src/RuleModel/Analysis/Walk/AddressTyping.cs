using System.Numerics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>The types of addresses, as far as the node's own addresses decide them (net/ipv4/fib_frontend.c, inet_addr_type).</summary>
public static class AddressTyping
{
    private static readonly IpPrefix s_multicast4 = IpPrefix.Parse("224.0.0.0/4");
    private static readonly IpPrefix s_multicast6 = IpPrefix.Parse("ff00::/8");
    private static readonly IpPrefix s_zero = IpPrefix.Parse("0.0.0.0/8");
    private static readonly IpAddress s_broadcast = IpAddress.Parse("255.255.255.255");

    /// <summary>Whether an address is of multicast or broadcast, of which the groups and routes of the node decide where it goes.</summary>
    public static bool IsForMany(IpAddress address) => s_multicast4.Contains(address) || s_multicast6.Contains(address) || address == s_broadcast;

    /// <summary>The types that an address may have; more than one where the length of a network's prefix decides.</summary>
    public static AddressTypes Of(IpAddress address, NodeView node)
    {
        if (node.IsLocal(address))
        {
            return AddressTypes.Local;
        }

        if (s_multicast4.Contains(address) || s_multicast6.Contains(address))
        {
            return AddressTypes.Multicast;
        }

        if (s_zero.Contains(address) || address == s_broadcast)
        {
            return AddressTypes.Broadcast;
        }

        return AddressTypes.Unicast | (MayBeBroadcast(address, node) ? AddressTypes.Broadcast : AddressTypes.None);
    }

    /// <summary>Whether a match takes an address of some types; null if that depends on which of them it is.</summary>
    public static bool? Matches(RuleStep.AddressTypeMatch match, AddressTypes types, IpAddress address)
    {
        AddressTypes wanted = match.Types;
        if (match.NeedsAllForIPv6 && !address.IsIPv4)
        {
            return MatchesAll(match, types, address);
        }

        if (match.OfInterface && types == AddressTypes.Local && !IsSame(wanted, AddressTypes.Local, AddressTypes.Unicast))
        {
            return null;
        }

        bool mayBeOther = (wanted & AddressTypes.Other) != 0 && (types & AddressTypes.Unicast) != 0;
        return (types & ~wanted) == 0 ? true
            : (types & wanted) == 0 && !mayBeOther ? false
            : null;
    }

    /// <summary>IPv6 addresses for xt_addrtype (net/netfilter/xt_addrtype.c, match_type6): of all types that are listed, and of one of those that routing gives.</summary>
    private static bool? MatchesAll(RuleStep.AddressTypeMatch match, AddressTypes types, IpAddress address)
    {
        bool isMulticast = types == AddressTypes.Multicast;
        bool isUnicast = !isMulticast && !address.IsUnspecified;
        if (((match.Types & AddressTypes.Multicast) != 0 && !isMulticast) || ((match.Types & AddressTypes.Unicast) != 0 && !isUnicast))
        {
            return false;
        }

        if ((match.Types & (AddressTypes.Local | AddressTypes.Other)) == 0)
        {
            return true;
        }

        return match.OfInterface || (match.Types & AddressTypes.Other) != 0 ? null : types == AddressTypes.Local;
    }

    /// <summary>An address of another interface counts as that of another host.</summary>
    private static bool IsSame(AddressTypes wanted, AddressTypes left, AddressTypes right) => (wanted & left) != 0 == ((wanted & right) != 0);

    /// <summary>Whether an address is the last of a network that one of the node's addresses can be in.</summary>
    private static bool MayBeBroadcast(IpAddress address, NodeView node)
    {
        if (!address.IsIPv4)
        {
            return false;
        }

        int ones = BitOperations.TrailingZeroCount(~address.ToIPv4Bits());
        if (ones < 2)
        {
            return false;
        }

        foreach (IpAddress own in node.Addresses)
        {
            if (own.IsIPv4 && !own.IsLoopback && (ones >= 32 || (own.ToIPv4Bits() ^ address.ToIPv4Bits()) >> ones == 0))
            {
                return true;
            }
        }

        return false;
    }
}
