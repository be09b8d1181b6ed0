using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A rule as both forms of a listing have it.</summary>
/// <param name="Statements">Matches and statements in their order.</param>
/// <param name="Text">The rule as nft prints it.</param>
/// <param name="Comment">Its comment; empty if it has none.</param>
internal sealed record NftRule(List<NftStatement> Statements, string Text, string Comment);

/// <summary>A match or statement of a rule, as both forms of a listing have it.</summary>
internal abstract record NftStatement
{
    private NftStatement()
    {
    }

    /// <summary>A comparison.</summary>
    /// <param name="Operator">As in JSON: <c>==</c> or <c>in</c> where the text has none.</param>
    /// <param name="Left">What is looked at.</param>
    /// <param name="Right">What it must be.</param>
    public sealed record Match(string Operator, NftExpression Left, NftExpression Right) : NftStatement;

    public sealed record Verdict(RuleStep Step) : NftStatement;

    /// <summary><c>key vmap data</c></summary>
    public sealed record VerdictMap(NftExpression Key, NftExpression Data) : NftStatement;

    /// <summary><c>dnat to address:port</c></summary>
    /// <param name="Family">The family, where it is said.</param>
    /// <param name="Address">The address, a map, or nothing.</param>
    /// <param name="Port">The port, or nothing.</param>
    /// <param name="Options">Flags.</param>
    public sealed record Dnat(string Family, NftExpression? Address, NftExpression? Port, string Options) : NftStatement;

    public sealed record Masquerade(string Options) : NftStatement;

    /// <summary><c>reject with type code</c></summary>
    /// <param name="Type">The protocol of the error, where it is said: icmp, icmpv6, icmpx or <c>tcp reset</c>.</param>
    /// <param name="Code">The error.</param>
    public sealed record Reject(string Type, string Code) : NftStatement
    {
        /// <summary>The error that is meant where none is said, and that nft does not print.</summary>
        public const string Usual = "port-unreachable";
    }

    /// <summary><c>key set value</c></summary>
    public sealed record Mangle(NftExpression Key, NftExpression Value) : NftStatement;

    /// <summary><c>update @set { element }</c></summary>
    public sealed record UpdateSet(string Operation, string Set, NftExpression Element) : NftStatement;

    /// <summary>What does nothing to the packet.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Text">All of it.</param>
    public sealed record NoEffect(string Name, string Text) : NftStatement;

    /// <summary>Not understood, but packets go on or not, and nothing else happens to them.</summary>
    public sealed record UnknownMatch(string Text) : NftStatement;

    /// <summary>Not understood.</summary>
    public sealed record Unknown(string Text) : NftStatement;
}
