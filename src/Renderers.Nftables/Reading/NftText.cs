using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Writes rules that were read from JSON as nft prints them.</summary>
internal static class NftText
{
    /// <summary>The text of a rule.</summary>
    public static string Of(List<NftStatement> statements, string comment)
    {
        IEnumerable<string> parts = statements.Select(Of);
        return string.Join(' ', comment.Length == 0 ? parts : parts.Append($"comment \"{comment}\""));
    }

    public static string Of(NftStatement statement) => statement switch
    {
        NftStatement.Match match => Match(match),
        NftStatement.Verdict verdict => Of(verdict.Step),
        NftStatement.VerdictMap map => $"{Of(map.Key)} vmap {Of(map.Data)}",
        NftStatement.Translate translate => Translate(translate),
        NftStatement.Reject { Code: NftStatement.Reject.Usual } => "reject",
        NftStatement.Reject reject => With($"reject with {reject.Type}", reject.Type == reject.Code ? "" : reject.Code),
        NftStatement.Mangle mangle => $"{Of(mangle.Key)} set {Value(mangle.Value, mangle.Key)}",
        NftStatement.UpdateSet update => $"{update.Operation} @{update.Set} {{ {Of(update.Element)} }}",
        NftStatement.NoEffect nothing => nothing.Text,
        NftStatement.ObjectOfMap named => named.Text,
        NftStatement.Offload offload => offload.Text,
        NftStatement.NoTracking => "notrack",
        NftStatement.HandOver handed => handed.Text,
        NftStatement.UnknownMatch unknown => unknown.Text,
        NftStatement.Unknown unknown => unknown.Text,
        _ => "",
    };

    public static string Of(NftExpression expression) => expression switch
    {
        NftExpression.Word word => word.Text,
        NftExpression.Reference reference => "@" + reference.Name,
        NftExpression.Prefix prefix => $"{prefix.Address}/{prefix.Length}",
        NftExpression.Range range => $"{Of(range.First)}-{Of(range.Last)}",
        NftExpression.Concatenation concatenation => string.Join(" . ", concatenation.Parts.Select(Of)),
        NftExpression.Flags flags => string.Join(',', flags.Parts.Select(Of)),
        NftExpression.Set set => "{ " + string.Join(", ", set.Elements.Select(Of)) + " }",
        NftExpression.Pair pair => $"{Of(pair.Key)} : {Of(pair.Value)}",
        NftExpression.Element element => $"{Of(element.Value)} {element.Options}",
        NftExpression.Payload payload => $"{payload.Protocol} {payload.Field}",
        NftExpression.Meta { Key: "iif" or "oif" or "iifname" or "oifname" or "iifgroup" or "oifgroup" } meta => meta.Key,
        NftExpression.Meta meta => "meta " + meta.Key,
        NftExpression.Connection connection => "ct " + connection.Key,
        NftExpression.Fib fib => $"fib {fib.Inputs} {fib.Result}",
        NftExpression.Numbers { Mode: "hash" } numbers => $"hash mod {numbers.Modulus}",
        NftExpression.Numbers numbers => $"numgen {numbers.Mode} mod {numbers.Modulus}" + (numbers.Offset == 0 ? "" : $" offset {numbers.Offset}"),
        NftExpression.Binary binary => $"{Of(binary.Left)} {binary.Operator} {Value(binary.Right, binary.Left)}",
        NftExpression.Map map => $"{Of(map.Key)} map {Of(map.Data)}",
        NftExpression.Verdict verdict => Of(verdict.Step),
        NftExpression.Raw raw => raw.Text,
        _ => "",
    };

    private static string Of(RuleStep step) => step switch
    {
        RuleStep.Verdict { Kind: WalkVerdict.Accept } => "accept",
        RuleStep.Verdict { Kind: WalkVerdict.Drop } => "drop",
        RuleStep.Verdict => "return",
        RuleStep.Jump jump => $"{(jump.IsGoto ? "goto" : "jump")} {jump.Chain}",
        RuleStep.NoEffect nothing => nothing.Text,
        RuleStep.UnknownStatement unknown => unknown.Text,
        _ => "",
    };

    private static string Match(NftStatement.Match match)
    {
        bool isPlain = match.Operator is "in" || (match.Operator is "==" && match.Left is not NftExpression.Binary);
        string operation = isPlain ? "" : match.IsNoneOf ? "! " : match.Operator + " ";
        return $"{Of(match.Left)} {operation}{Value(match.Right, match.Left)}";
    }

    private static string Translate(NftStatement.Translate translate)
    {
        string address = translate.Address is null ? "" : Of(translate.Address);
        bool isBracketed = translate.Port is not null && translate.Address is NftExpression.Word && address.Contains(':', StringComparison.Ordinal);
        string target = (isBracketed ? $"[{address}]" : address) + (translate.Port is null ? "" : ":" + Of(translate.Port));
        string family = (translate.Family.Length == 0 ? "" : translate.Family + " ") + (translate.IsPrefix ? "prefix " : "");
        return With(target.Length == 0 ? translate.Kind : $"{translate.Kind} {family}to {target}", translate.Options);
    }

    private static string With(string text, string options) => options.Length == 0 ? text : $"{text} {options}";

    /// <summary>A value in the form that nft prints for its field: marks in hexadecimal, names of interfaces quoted.</summary>
    private static string Value(NftExpression value, NftExpression left) => (value, left) switch
    {
        (NftExpression.Set set, _) => "{ " + string.Join(", ", set.Elements.Select(element => Value(element, left))) + " }",
        (NftExpression.Word word, NftExpression.Binary binary) => Value(word, binary.Left),
        (NftExpression.Word word, NftExpression.Meta { Key: "mark" } or NftExpression.Connection { Key: "mark" }) when NftNumber.TryRead(word.Text, out uint number) =>
            "0x" + number.ToString("x8", CultureInfo.InvariantCulture),
        (NftExpression.Word word, NftExpression.Meta { Key: "iif" or "oif" or "iifname" or "oifname" }) => $"\"{word.Text}\"",
        _ => Of(value),
    };
}
