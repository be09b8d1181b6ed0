using System.Buffers;
using System.Globalization;
using System.Text;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Durations as Kubernetes writes them: <c>30s</c>, <c>1h0m0s</c>, <c>1.5h</c>, <c>100ms</c>.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, decimal Ticks)[] s_units =
    [
        ("ns", TimeSpan.TicksPerMicrosecond / 1000m),
        ("us", TimeSpan.TicksPerMicrosecond),
        ("µs", TimeSpan.TicksPerMicrosecond), // micro sign
        ("μs", TimeSpan.TicksPerMicrosecond), // Greek mu
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour),
    ];

    /// <summary>Reads a duration. Fractions of 100 ns are cut off.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        bool isNegative = !text.IsEmpty && text[0] == '-';
        text = text[(!text.IsEmpty && text[0] is '-' or '+' ? 1 : 0)..];
        if (text.SequenceEqual("0"))
        {
            return true;
        }

        decimal ticks = 0;
        bool isAny = false;
        while (!text.IsEmpty)
        {
            int numberLength = text.IndexOfAnyExcept(s_digits);
            if (numberLength <= 0
                || !decimal.TryParse(text[..numberLength], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
            {
                return false;
            }

            text = text[numberLength..];
            int unitLength = text.IndexOfAny(s_digits);
            ReadOnlySpan<char> unit = unitLength < 0 ? text : text[..unitLength];
            if (TicksOf(unit) is not { } factor || number > TimeSpan.MaxValue.Ticks / factor)
            {
                return false;
            }

            ticks += number * factor;
            text = text[unit.Length..];
            isAny = true;
        }

        if (!isAny || ticks > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)(isNegative ? -ticks : ticks));
        return true;
    }

    /// <summary>Writes a duration as Go prints it: <c>0s</c>, <c>100ms</c>, <c>1m30s</c>, <c>24h0m0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        string sign = duration < TimeSpan.Zero ? "-" : "";
        TimeSpan positive = duration.Duration();
        if (positive < TimeSpan.FromSeconds(1))
        {
            decimal microseconds = positive.Ticks / (decimal)TimeSpan.TicksPerMicrosecond;
            return microseconds >= 1000
                ? sign + Number(microseconds / 1000) + "ms"
                : microseconds >= 1 ? sign + Number(microseconds) + "µs" : sign + Number(microseconds * 1000) + "ns";
        }

        StringBuilder text = new(sign);
        long hours = positive.Ticks / TimeSpan.TicksPerHour;
        if (hours > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        }

        if (hours > 0 || positive.Minutes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{positive.Minutes}m");
        }

        decimal seconds = positive.Ticks % TimeSpan.TicksPerMinute / (decimal)TimeSpan.TicksPerSecond;
        return text.Append(Number(seconds)).Append('s').ToString();
    }

    private static string Number(decimal number) => number.ToString("0.#######", CultureInfo.InvariantCulture);

    private static decimal? TicksOf(ReadOnlySpan<char> unit)
    {
        foreach ((string name, decimal ticks) in s_units)
        {
            if (unit.SequenceEqual(name))
            {
                return ticks;
            }
        }

        return null;
    }
}
