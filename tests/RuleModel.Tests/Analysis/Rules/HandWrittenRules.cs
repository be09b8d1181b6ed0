using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Rules;

/// <summary>Helpers for rule sets written by hand, with the results of walks as lines of text.</summary>
internal static class HandWrittenRules
{
    public static readonly RuleStep Accept = new RuleStep.Verdict(WalkVerdict.Accept);
    public static readonly RuleStep Drop = new RuleStep.Verdict(WalkVerdict.Drop);
    public static readonly RuleStep Return = new RuleStep.Verdict(WalkVerdict.Return);
    public static readonly RuleStep Unknown = new RuleStep.UnknownMatch("-m u32");

    public static NodeView Node { get; } = new(Nodes.Addresses.AsSpan().ToArray());

    public static Ruleset RulesOf(params WalkChain[] chains) => RulesOf(IpFamily.IPv4, chains);

    /// <summary>One table with these chains.</summary>
    public static Ruleset RulesOf(IpFamily family, params WalkChain[] chains)
    {
        Ruleset rules = new(family);
        WalkTable table = new("t");
        foreach (WalkChain chain in chains)
        {
            table.Chains.Add(chain.Name, chain);
        }

        rules.Tables.Add(table);
        return rules;
    }

    public static WalkChain Nat(Hook hook, params WalkRule[] rules) => Fill(new WalkChain("nat-" + hook) { Hook = hook, Priority = -100, IsNat = true }, rules);

    public static WalkChain Filter(Hook hook, params WalkRule[] rules) => Filter(hook, WalkVerdict.Accept, 0, rules);

    public static WalkChain Filter(Hook hook, WalkVerdict policy, int priority, params WalkRule[] rules) =>
        Fill(new WalkChain($"filter-{hook}-{priority}") { Hook = hook, Policy = policy, Priority = priority }, rules);

    public static WalkChain Chain(string name, params WalkRule[] rules) => Fill(new WalkChain(name), rules);

    public static WalkRule Rule(params RuleStep[] steps) => new("rule", EquatableArray.Create<RuleStep>(steps));

    public static RuleStep From(params string[] prefixes) => new RuleStep.AddressMatch(PacketField.Source, Ranges(prefixes), IsNegated: false);

    public static RuleStep NotFrom(params string[] prefixes) => new RuleStep.AddressMatch(PacketField.Source, Ranges(prefixes), IsNegated: true);

    public static RuleStep To(params string[] prefixes) => new RuleStep.AddressMatch(PacketField.Destination, Ranges(prefixes), IsNegated: false);

    public static RuleStep NotTo(params string[] prefixes) => new RuleStep.AddressMatch(PacketField.Destination, Ranges(prefixes), IsNegated: true);

    public static RuleStep Port(ushort port) => new RuleStep.PortMatch(PacketField.DestinationPort, port, port, IsNegated: false);

    public static RuleStep Tcp(bool isNegated = false) => new RuleStep.ProtocolMatch(TransportProtocol.Tcp, isNegated);

    public static RuleStep Chance(double probability) => new RuleStep.RandomMatch(probability);

    public static RuleStep Jump(string chain) => new RuleStep.Jump(chain, IsGoto: false);

    public static RuleStep Goto(string chain) => new RuleStep.Jump(chain, IsGoto: true);

    public static RuleStep Dnat(string address, ushort port) => new RuleStep.Dnat(IpAddress.Parse(address), port);

    public static RuleStep Mark(uint bits) => new RuleStep.SetMark(~bits, bits);

    public static RuleStep Marked(uint bits) => new RuleStep.MarkMatch(bits, bits, IsNegated: false);

    public static EquatableArray<KeyPart> Key(params PacketField[] fields) => EquatableArray.Adopt<KeyPart>([.. fields.Select(field => new KeyPart(field))]);

    public static VerdictMap Map(params (string Key, RuleStep Step)[] elements)
    {
        VerdictMap map = new("verdicts");
        foreach ((string key, RuleStep step) in elements)
        {
            map.Add(key, step);
        }

        return map;
    }

    public static ElementSet Set(params string[] keys)
    {
        ElementSet set = new("members");
        foreach (string key in keys)
        {
            set.Add(key);
        }

        return set;
    }

    public static WalkPacket Packet(string source, string destination, ushort port = 80) =>
        new(source.Contains('/', StringComparison.Ordinal) ? AddressRange.Of(IpPrefix.Parse(source)) : AddressRange.Of(IpAddress.Parse(source)), IpAddress.Parse(destination), TransportProtocol.Tcp, port)
        {
            InputInterface = "eth0",
        };

    public static string[] Send(Ruleset rules, WalkPacket packet) => [.. new PacketWalker(rules, Node).Walk(packet).Select(Describe)];

    /// <summary>The walk of a packet from the network, 198.51.100.1, to port 80.</summary>
    public static string[] Send(Ruleset rules, string destination = "10.96.0.10") => Send(rules, Packet("198.51.100.1", destination));

    /// <summary>An outcome as a line; what is as usual is left out.</summary>
    private static string Describe(WalkOutcome outcome)
    {
        List<string> words = [outcome.Source.ToString(), outcome.Verdict.ToString()];
        Add(outcome.Probability != 1, $"{outcome.Probability * 100:0.##}%");
        Add(outcome.Target is not null, $"to {outcome.Target}");
        Add(outcome.RejectWith.Length != 0, $"with {outcome.RejectWith}");
        Add(outcome.IsMasqueraded, "masqueraded");
        Add(outcome.Mark != 0, $"mark {outcome.Mark:x}");
        Add(outcome.AffinitySeconds != 0, $"affinity {outcome.AffinitySeconds}");
        Add(outcome.IsUncertain, "uncertain");
        return string.Join(' ', words);

        void Add(bool isSaid, string word)
        {
            if (isSaid)
            {
                words.Add(word);
            }
        }
    }

    private static EquatableArray<AddressRange> Ranges(string[] texts) => EquatableArray.Adopt<AddressRange>(
    [
        .. texts.Select(text => text.Contains('/', StringComparison.Ordinal) ? AddressRange.Of(IpPrefix.Parse(text)) : AddressRange.Of(IpAddress.Parse(text))),
    ]);

    private static WalkChain Fill(WalkChain chain, WalkRule[] rules)
    {
        chain.Rules.AddRange(rules);
        return chain;
    }
}
