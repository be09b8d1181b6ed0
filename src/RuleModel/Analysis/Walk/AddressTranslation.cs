using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// Translates addresses and ports as the kernel does (net/netfilter/nf_nat_core.c, get_unique_tuple). Where it picks one of
/// several, each is a path of its own; a port that is in the range already, or that no range is given for, stays.
/// </summary>
/// <param name="context">The walk.</param>
internal sealed class AddressTranslation(WalkContext context)
{
    /// <summary>The most addresses, and the most ports, that are paths of their own.</summary>
    private const int MostAddresses = 256;
    private const int MostPorts = 32;

    /// <summary>The most addresses of the node that a redirected packet may get.</summary>
    private const int MostOwnAddresses = 16;

    private static readonly IpAddress s_loopback4 = IpAddress.Parse("127.0.0.1");
    private static readonly IpAddress s_loopback6 = IpAddress.Parse("::1");
    private static readonly IpAddress s_unknown4 = IpAddress.Parse("0.0.0.0");
    private static readonly IpAddress s_unknown6 = IpAddress.Parse("::");

    /// <summary>Rewrites source or destination.</summary>
    public void Translate(in RuleRun run, RuleStep.Translate step, WalkState state)
    {
        switch (step.Kind)
        {
            case TranslationKind.Source:
                TranslateSource(run, new(step.To.Addresses, step.To.Ports, step.To.IsRandom), state);
                break;
            case TranslationKind.ToThisNode:
                Redirect(run, step, state);
                break;
            default:
                TranslateDestination(run, step, state);
                break;
        }
    }

    /// <summary>Rewrites the source; the rule ends.</summary>
    public static void TranslateSource(in RuleRun run, SourceTranslation? source, WalkState state)
    {
        state.IsMasqueraded = true;
        state.NewSource = source;
        run.Exits.Add(new(state, WalkVerdict.Accept));
    }

    /// <summary>Rewrites the destination; the rule ends.</summary>
    /// <param name="run">The rule.</param>
    /// <param name="state">The packets.</param>
    /// <param name="address">The new destination.</param>
    /// <param name="port">The new port; negative to keep it.</param>
    public void Rewrite(in RuleRun run, WalkState state, IpAddress address, int port)
    {
        state.Original ??= new EndpointAddress(state.Destination, state.DestinationPorts.First);
        state.IsRewritten = true;
        state.IsRerouted = true;
        state.Destination = address;
        state.NewPort = port >= 0 ? port : state.NewPort;

        // It is routed again, and may leave by another interface. A single packet names the interface that it leaves by in the end.
        state.OutputInterface = context.Packet?.OutputInterface;
        run.Exits.Add(new(state, WalkVerdict.Accept));
    }

    /// <summary>Gives the address the first bits of a prefix.</summary>
    public void TranslatePrefix(in RuleRun run, RuleStep.TranslatePrefix step, WalkState state)
    {
        TranslationKind kind = step.Kind ?? (run.Call.Hook is Hook.Prerouting or Hook.Output ? TranslationKind.Destination : TranslationKind.Source);
        if (kind != TranslationKind.Source)
        {
            Rewrite(run, state, Mapped(state.Destination, step.Prefix), -1);
            return;
        }

        if (!state.Sources.IsSingle)
        {
            state.NoteUnknown($"NETMAP --to {step.Prefix}");
            run.Exits.Add(new(state, WalkVerdict.Accept));
            return;
        }

        IpAddress source = Mapped(IpAddress.FromBits(state.Sources.First), step.Prefix);
        TranslateSource(run, new(AddressRange.Of(source), null, IsRandom: false), state);
    }

    private static IpAddress Mapped(IpAddress address, IpPrefix prefix)
    {
        UInt128 first = prefix.Address.ToBits();
        UInt128 hosts = prefix.LastAddress().ToBits() - first;
        return IpAddress.FromBits(first | (address.ToBits() & hosts));
    }

    private void TranslateDestination(in RuleRun run, RuleStep.Translate step, WalkState state)
    {
        AddressRange addresses = step.To.Addresses ?? AddressRange.Of(state.Destination);
        UInt128 count = addresses.Last - addresses.First + 1;
        if (count > MostAddresses || (context.Packet is null && (count > 1 || step.To.Ports is { Count: > 1 })))
        {
            state.NoteUnknown($"DNAT to {step.To}");
            run.Exits.Add(new(state, WalkVerdict.Accept));
            return;
        }

        for (UInt128 offset = 0; offset < count; offset++)
        {
            WalkState branch = offset + 1 == count ? state : state.Copy();
            branch.Probability /= (double)count;
            TranslatePorts(run, step.To, branch, IpAddress.FromBits(addresses.First + offset));
        }
    }

    /// <summary>To the address of the input interface, or loopback for what the node sends (net/netfilter/nf_nat_redirect.c).</summary>
    private void Redirect(in RuleRun run, RuleStep.Translate step, WalkState state)
    {
        bool isIPv4 = state.Destination.IsIPv4;
        state.IsToThisNode = true;
        if (context.Packet is null)
        {
            state.NoteUnknown($"redirect to this node, port {step.To.Ports}");
        }

        if (run.Call.Hook == Hook.Output)
        {
            TranslatePorts(run, step.To, state, isIPv4 ? s_loopback4 : s_loopback6);
            return;
        }

        IpAddress[] own =
        [
            .. context.Node.Addresses.Where(address => address.IsIPv4 == isIPv4 && !address.IsLoopback && !address.IsIPv6LinkLocal).Take(MostOwnAddresses),
        ];
        for (int index = 0; index < own.Length - 1 && context.Packet is not null; index++)
        {
            // Which interface has which address is not known: each of them is a case.
            RuntimeCondition condition = new("", 0, $"redirected to {own[index]}");
            WalkState branch = state.Copy();
            branch.Assumed = new(condition, IsTrue: true, state.Assumed);
            state.Assumed = new(condition, IsTrue: false, state.Assumed);
            TranslatePorts(run, step.To, branch, own[index]);
        }

        IpAddress unknown = isIPv4 ? s_unknown4 : s_unknown6;
        TranslatePorts(run, step.To, state, own.Length == 0 || context.Packet is null ? unknown : own[^1]);
    }

    private void TranslatePorts(in RuleRun run, TranslationRange to, WalkState state, IpAddress address)
    {
        PortSet present = state.PresentPorts;
        if (to.Ports is not { } ports || (to.IsRandom && ports.Count > MostPorts))
        {
            if (to.Ports is { } picked && context.Packet is not null)
            {
                state.Original ??= new EndpointAddress(state.Destination, state.DestinationPorts.First);
                state.DestinationPorts = PortSet.Of(picked);
                state.ArePortsPicked = true;
                state.NewPort = -1;
            }

            Rewrite(run, state, address, -1);
            return;
        }

        if (ports.Count == 1)
        {
            Rewrite(run, state, address, ports.First);
            return;
        }

        if (!present.IsSingle)
        {
            state.NoteUnknown($"translation to {to}");
            Rewrite(run, state, address, -1);
            return;
        }

        int port = present.First;
        if (!to.IsRandom)
        {
            port = to.Base is { } start ? ports.First + (ushort)(port - start) % ports.Count
                : ports.Contains(port) ? port
                : ports.First;
            Rewrite(run, state, address, port);
            return;
        }

        for (int number = ports.First; number <= ports.Last; number++)
        {
            WalkState branch = number == ports.Last ? state : state.Copy();
            branch.Probability /= ports.Count;
            Rewrite(run, branch, address, number);
        }
    }
}
