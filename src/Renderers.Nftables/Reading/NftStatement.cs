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
    public sealed record Match(string Operator, NftExpression Left, NftExpression Right) : NftStatement;

    public sealed record Verdict(RuleStep Step) : NftStatement;

    /// <summary><c>key vmap data</c></summary>
    public sealed record VerdictMap(NftExpression Key, NftExpression Data) : NftStatement;

    /// <summary><c>dnat to address:port</c></summary>
    /// <param name="Family">The family, if it is given.</param>
    /// <param name="Address">The address or a map; null if there is none.</param>
    /// <param name="Port">The port; null if there is none.</param>
    /// <param name="Options">Flags.</param>
    public sealed record Dnat(string Family, NftExpression? Address, NftExpression? Port, string Options) : NftStatement;

    public sealed record Masquerade(string Options) : NftStatement;

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

    /// <summary>An unknown match: packets may match it or not.</summary>
    public sealed record UnknownMatch(string Text) : NftStatement;

    /// <summary>An unknown statement, which may do anything.</summary>
    public sealed record Unknown(string Text) : NftStatement;
}
