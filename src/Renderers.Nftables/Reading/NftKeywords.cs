using System.Text;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Splits a rule, or elements, into tokens.</summary>
internal static class NftKeywords
{
    public static List<NftKeyword> Split(ReadOnlySpan<byte> text, int line)
    {
        List<NftKeyword> tokens = [];
        NftLexer lexer = new(text, 0, text.Length, line);
        while (true)
        {
            switch (lexer.Next())
            {
                case NftTokenKind.End:
                    return tokens;
                case NftTokenKind.NewLine:
                    break;
                case NftTokenKind.Quoted:
                    tokens.Add(new(NftTokenKind.Quoted, Encoding.UTF8.GetString(lexer.Value), lexer.Start - 1, lexer.Position));
                    break;
                case NftTokenKind.Word:
                    tokens.Add(new(NftTokenKind.Word, Encoding.UTF8.GetString(lexer.Value), lexer.Start, lexer.Position));
                    break;
                default:
                    tokens.Add(new(lexer.Kind, Mark(lexer.Kind), lexer.Start, lexer.Position));
                    break;
            }
        }
    }

    private static string Mark(NftTokenKind kind) => kind switch
    {
        NftTokenKind.Open => "{",
        NftTokenKind.Close => "}",
        NftTokenKind.Comma => ",",
        _ => ";",
    };
}

/// <summary>A token with its text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text, without quotes.</param>
/// <param name="Start">Where it begins in the rule, with its quotes.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct NftKeyword(NftTokenKind Kind, string Text, int Start, int End);
