using System.Buffers;
using KubeProxySharp.RuleModel.Text;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Writes metrics as text (Prometheus exposition formats 0.0.4; OpenMetrics 1.0.0).</summary>
/// <param name="output">Where the text goes.</param>
/// <param name="format">Which of the two.</param>
internal ref struct ExpositionWriter(IBufferWriter<byte> output, ExpositionFormat format)
{
    private const string TotalSuffix = "_total";

    private Utf8TextWriter _text = new(output);

    private readonly bool IsOpenMetrics => format == ExpositionFormat.OpenMetrics;

    /// <summary>Writes the lines that name the family. OpenMetrics names a counter without its suffix.</summary>
    public void WriteHeader(MetricFamily family)
    {
        string name = family.Definition.Name;
        if (IsOpenMetrics && family.Kind == MetricKind.Counter && name.EndsWith(TotalSuffix, StringComparison.Ordinal))
        {
            name = name[..^TotalSuffix.Length];
        }

        _text.Write("# HELP "u8);
        _text.Write(name);
        _text.WriteAscii((byte)' ');
        WriteEscaped(family.Definition.FullHelp, areQuotesEscaped: IsOpenMetrics);
        _text.Write("\n# TYPE "u8);
        _text.Write(name);
        _text.Write(family.Kind switch
        {
            MetricKind.Counter => " counter\n"u8,
            MetricKind.Gauge => " gauge\n"u8,
            _ => " histogram\n"u8,
        });
    }

    /// <summary>Writes the samples of a series.</summary>
    public void WriteSeries(MetricFamily family, MetricSeries series)
    {
        if (family.Kind != MetricKind.Histogram)
        {
            WriteSample(family, ""u8, series, bound: null, series.Value);
            return;
        }

        long count = 0;
        for (int bucket = 0; bucket < series.Buckets.Length; bucket++)
        {
            count += series.Buckets[bucket];
            double bound = bucket < family.Definition.Buckets.Length ? family.Definition.Buckets[bucket] : double.PositiveInfinity;
            WriteSample(family, "_bucket"u8, series, bound, count);
        }

        WriteSample(family, "_sum"u8, series, bound: null, series.Value);
        WriteSample(family, "_count"u8, series, bound: null, count);
    }

    /// <summary>Ends the text. Nothing is written before this.</summary>
    public void Finish()
    {
        if (IsOpenMetrics)
        {
            _text.Write("# EOF\n"u8);
        }

        _text.Flush();
    }

    private void WriteSample(MetricFamily family, ReadOnlySpan<byte> suffix, MetricSeries series, double? bound, double value)
    {
        _text.Write(family.Definition.Name);
        _text.Write(suffix);
        byte separator = (byte)'{';
        for (int index = 0; index < series.LabelValues.Length; index++)
        {
            _text.WriteAscii(separator);
            _text.Write(family.Definition.Labels[index]);
            _text.Write("=\""u8);
            WriteEscaped(series.LabelValues[index], areQuotesEscaped: true);
            _text.WriteAscii((byte)'"');
            separator = (byte)',';
        }

        if (bound is { } upper)
        {
            _text.WriteAscii(separator);
            _text.Write("le=\""u8);
            WriteNumber(upper, isFraction: IsOpenMetrics);
            _text.WriteAscii((byte)'"');
            separator = (byte)',';
        }

        if (separator == (byte)',')
        {
            _text.WriteAscii((byte)'}');
        }

        _text.WriteAscii((byte)' ');
        WriteNumber(value, isFraction: false);
        _text.WriteAscii((byte)'\n');
    }

    private void WriteNumber(double value, bool isFraction)
    {
        Span<byte> text = stackalloc byte[MetricNumber.MaxTextLength];
        ReadOnlySpan<byte> number = text[..MetricNumber.Format(value, text)];
        _text.Write(number);
        if (isFraction && double.IsFinite(value) && number.IndexOfAny((byte)'.', (byte)'e') < 0)
        {
            _text.Write(".0"u8);
        }
    }

    private void WriteEscaped(string text, bool areQuotesEscaped)
    {
        ReadOnlySpan<char> rest = text;
        while (rest.IndexOfAny('\\', '\n', '"') is int place && place >= 0)
        {
            _text.Write(rest[..place].ToString());
            _text.Write(rest[place] switch
            {
                '\\' => "\\\\"u8,
                '\n' => "\\n"u8,
                _ => areQuotesEscaped ? "\\\""u8 : "\""u8,
            });
            rest = rest[(place + 1)..];
        }

        _text.Write(rest.Length == text.Length ? text : rest.ToString());
    }
}
