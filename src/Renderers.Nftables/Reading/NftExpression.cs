using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// An expression of a rule or an element of a set, read from either form of a listing, JSON or text, so that both are
/// evaluated by the same code.
/// </summary>
internal abstract record NftExpression
{
    private NftExpression()
    {
    }

    /// <summary>A value: an address, a number, a name.</summary>
    public sealed record Word(string Text) : NftExpression;

    /// <summary><c>@name</c>: a named set or map.</summary>
    public sealed record Reference(string Name) : NftExpression;

    public sealed record Prefix(string Address, int Length) : NftExpression;

    public sealed record Range(NftExpression First, NftExpression Last) : NftExpression;

    /// <summary><c>a . b</c></summary>
    public sealed record Concatenation(NftExpression[] Parts) : NftExpression;

    /// <summary><c>a,b</c>: any of some flags.</summary>
    public sealed record Flags(NftExpression[] Parts) : NftExpression;

    /// <summary>A set or map without a name.</summary>
    public sealed record Set(NftExpression[] Elements) : NftExpression;

    /// <summary>An element of a map.</summary>
    public sealed record Pair(NftExpression Key, NftExpression Value) : NftExpression;

    /// <summary>An element with a comment, a time to live or a counter.</summary>
    public sealed record Element(NftExpression Value, string Options) : NftExpression;

    public sealed record Payload(string Protocol, string Field) : NftExpression;

    public sealed record Meta(string Key) : NftExpression;

    /// <summary><c>ct key</c></summary>
    public sealed record Connection(string Key) : NftExpression;

    /// <summary><c>fib inputs result</c></summary>
    /// <param name="Inputs">The inputs, joined as in a concatenation.</param>
    /// <param name="Result">The result, such as <c>type</c>.</param>
    public sealed record Fib(string Inputs, string Result) : NftExpression;

    /// <summary><c>numgen</c></summary>
    public sealed record Numbers(string Mode, int Modulus, int Offset) : NftExpression;

    /// <summary><c>&amp;</c>, <c>|</c> or <c>^</c>.</summary>
    public sealed record Binary(string Operator, NftExpression Left, NftExpression Right) : NftExpression;

    /// <summary><c>key map data</c></summary>
    /// <param name="Key">The key.</param>
    /// <param name="Data">The map: a <see cref="Reference"/> or a <see cref="Set"/> of pairs.</param>
    public sealed record Map(NftExpression Key, NftExpression Data) : NftExpression;

    /// <summary>A verdict in a map.</summary>
    public sealed record Verdict(RuleStep Step) : NftExpression;

    /// <summary>Anything else.</summary>
    public sealed record Raw(string Text) : NftExpression;
}
