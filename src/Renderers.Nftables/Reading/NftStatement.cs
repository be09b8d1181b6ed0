using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A rule, read from either form of a listing.</summary>
/// <param name="Statements">Matches and statements, in order.</param>
/// <param name="Text">The rule as nft prints it.</param>
/// <param name="Comment">Its comment; empty if it has none.</param>
internal sealed record NftRule(List<NftStatement> Statements, string Text, string Comment);

/// <summary>A match or statement of a rule, read from either form of a listing.</summary>
internal abstract record NftStatement
{
    private NftStatement()
    {
    }

    /// <summary>A comparison.</summary>
    /// <param name="Operator">As in JSON: <c>==</c> or <c>in</c> where the text has none.</param>
    /// <param name="Left">The field.</param>
    /// <param name="Right">The value, set or range.</param>
    public sealed record Match(string Operator, NftExpression Left, NftExpression Right) : NftStatement
    {
        /// <summary>Whether the operator was written, as in <c>ct state == new</c>.</summary>
        public bool IsExplicit { get; init; }

        /// <summary>Whether none of some bits may be set: <c>ct state ! new,established</c>.</summary>
        public bool IsNoneOf { get; init; }
    }

    public sealed record Verdict(RuleStep Step) : NftStatement;

    /// <summary><c>key vmap data</c></summary>
    public sealed record VerdictMap(NftExpression Key, NftExpression Data) : NftStatement;

    /// <summary><c>dnat to address:port</c>, and the other translations.</summary>
    /// <param name="Kind"><c>dnat</c>, <c>snat</c>, <c>redirect</c> or <c>masquerade</c>.</param>
    /// <param name="Family">The family, if it is given.</param>
    /// <param name="Address">The address, a range or a map; null if there is none.</param>
    /// <param name="Port">The port, a range or a map; null if there is none.</param>
    /// <param name="Options">Flags.</param>
    public sealed record Translate(string Kind, string Family, NftExpression? Address, NftExpression? Port, string Options) : NftStatement
    {
        /// <summary>Whether prefixes are mapped to prefixes (<c>snat ip prefix to</c>).</summary>
        public bool IsPrefix { get; init; }
    }

    /// <summary><c>reject with type code</c></summary>
    /// <param name="Type">The protocol of the error, if it is given: icmp, icmpv6, icmpx or <c>tcp reset</c>.</param>
    /// <param name="Code">The error.</param>
    public sealed record Reject(string Type, string Code) : NftStatement
    {
        /// <summary>The default, which nft does not print.</summary>
        public const string Usual = "port-unreachable";
    }

    /// <summary><c>key set value</c></summary>
    public sealed record Mangle(NftExpression Key, NftExpression Value) : NftStatement;

    /// <summary><c>update @set { element }</c></summary>
    public sealed record UpdateSet(string Operation, string Set, NftExpression Element) : NftStatement;

    /// <summary>A statement without effect on the packet.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Text">Its whole text.</param>
    public sealed record NoEffect(string Name, string Text) : NftStatement;

    /// <summary>An object without effect on the packet, which a map has for a key. Without one the rule ends (net/netfilter/nft_objref.c).</summary>
    /// <param name="Map">The map.</param>
    /// <param name="Text">Its whole text.</param>
    public sealed record ObjectOfMap(NftExpression.Map Map, string Text) : NftStatement;

    /// <summary>A match that the packet does not decide, or that is unknown: packets may match it or not.</summary>
    /// <param name="Text">Its whole text.</param>
    public sealed record UnknownMatch(string Text) : NftStatement
    {
        /// <summary>What decides it; empty for an unknown one.</summary>
        public string DependsOn { get; init; } = "";
    }

    /// <summary><c>flow add @table</c>, which ends the rule for a connection that is not established (net/netfilter/nft_flow_offload.c).</summary>
    /// <param name="Text">Its whole text.</param>
    public sealed record Offload(string Text) : NftStatement;

    /// <summary><c>notrack</c></summary>
    public sealed record NoTracking : NftStatement;

    /// <summary>A statement that hands the packet to a program.</summary>
    /// <param name="Text">Its whole text.</param>
    /// <param name="DependsOn">What decides then.</param>
    public sealed record HandOver(string Text, string DependsOn) : NftStatement;

    /// <summary>An unknown statement, which may do anything.</summary>
    public sealed record Unknown(string Text) : NftStatement;
}
