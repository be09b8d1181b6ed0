using System.Buffers;
using System.Globalization;
using KubeProxySharp.RuleModel.Text;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// Turns the text that prometheus-net writes into that of Kubernetes' components: numbers from 1e+06 on have an exponent,
/// which in a bucket's bound is part of the series' name, and metrics without series are not mentioned.
/// </summary>
internal static class ExpositionText
{
    private const int MostPlainDigits = 6;
    private const int LongestNumber = 32;

    /// <summary>Writes a page.</summary>
    /// <param name="text">The page as prometheus-net writes it.</param>
    /// <param name="format">Its format.</param>
    /// <param name="output">Where the page goes.</param>
    public static void Write(ReadOnlySpan<byte> text, ExpositionFormat format, IBufferWriter<byte> output)
    {
        bool isOpenMetrics = format == ExpositionFormat.OpenMetricsText;
        Utf8TextWriter writer = new(output);
        ReadOnlySpan<byte> help = [];
        ReadOnlySpan<byte> type = [];
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (line.StartsWith("# HELP "u8))
            {
                help = line;
            }
            else if (line.StartsWith("# TYPE "u8))
            {
                type = line;
            }
            else if (line.StartsWith("#"u8))
            {
                WriteLine(line, ref writer);
            }
            else if (!line.IsEmpty)
            {
                if (!help.IsEmpty)
                {
                    WriteLine(help, ref writer);
                    WriteLine(type, ref writer);
                    help = [];
                }

                WriteSample(line, isOpenMetrics, ref writer);
            }
        }

        writer.Flush();
    }

    private static void WriteLine(ReadOnlySpan<byte> line, ref Utf8TextWriter writer)
    {
        writer.Write(line);
        writer.WriteAscii((byte)'\n');
    }

    private static void WriteSample(ReadOnlySpan<byte> line, bool isOpenMetrics, ref Utf8TextWriter writer)
    {
        int value = line.LastIndexOf((byte)' ') + 1;
        if (line[..line.IndexOfAny((byte)'{', (byte)' ')].EndsWith("_bucket"u8))
        {
            // Of a bucket's labels, the bound is the last.
            int bound = line.LastIndexOf("le=\""u8) + "le=\""u8.Length;
            int end = value - "\"} "u8.Length;
            writer.Write(line[..bound]);
            WriteNumber(line[bound..end], isFraction: isOpenMetrics, ref writer);
            line = line[end..];
            value -= end;
        }

        writer.Write(line[..value]);
        WriteNumber(line[value..], isFraction: false, ref writer);
        writer.WriteAscii((byte)'\n');
    }

    // prometheus-net writes an exponent from 1e+15 on and below 1e-04, there as Go does.
    private static void WriteNumber(ReadOnlySpan<byte> number, bool isFraction, ref Utf8TextWriter writer)
    {
        number = number.EndsWith(".0"u8) ? number[..^2] : number;
        int sign = number[0] == (byte)'-' ? 1 : 0;
        int point = number.IndexOf((byte)'.');
        int whole = (point < 0 ? number.Length : point) - sign;
        if (whole > MostPlainDigits)
        {
            WriteWithExponent(number, sign, whole, ref writer);
            return;
        }

        writer.Write(number);
        if (isFraction && number.IndexOfAny(".ef"u8) < 0)
        {
            writer.Write(".0"u8);
        }
    }

    private static void WriteWithExponent(ReadOnlySpan<byte> number, int sign, int whole, ref Utf8TextWriter writer)
    {
        Span<byte> text = stackalloc byte[LongestNumber];
        int first = sign + 1;
        number[..first].CopyTo(text);
        text[first] = (byte)'.';
        number[first..(sign + whole)].CopyTo(text[(first + 1)..]);
        int length = sign + whole + 1;
        if (number.Length > sign + whole)
        {
            number[(sign + whole + 1)..].CopyTo(text[length..]);
            length = number.Length;
        }

        writer.Write(text[..length].TrimEnd((byte)'0').TrimEnd((byte)'.'));
        writer.Write("e+"u8);
        (whole - 1).TryFormat(text, out int written, "00", CultureInfo.InvariantCulture);
        writer.Write(text[..written]);
    }
}
