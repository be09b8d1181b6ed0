using System.Globalization;
using System.Text;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Api;

/// <summary>An <c>events.k8s.io/v1</c> Event on its way out (wire notes 10). Equal keys are repetitions of one event.</summary>
/// <param name="Regarding">What it is about.</param>
/// <param name="Type">Its type.</param>
/// <param name="Reason">Why it is written, in one word.</param>
/// <param name="Action">What was being done.</param>
/// <param name="Note">For people.</param>
/// <param name="Time">When it happened.</param>
internal sealed record ClusterEvent(ObjectReference Regarding, EventKind Type, string Reason, string Action, string Note, DateTimeOffset Time)
{
    private const int MaxWordLength = 128;
    private const int MaxNoteLength = 1024;
    private const int MaxNameLength = 253;
    private const long NanosecondsPerTick = 100;

    /// <summary>What makes two events repetitions of each other. The uid, which is looked up on the way out, does not count.</summary>
    public (ObjectReference Regarding, EventKind Type, string Reason, string Action) Key => (Regarding with { Uid = "" }, Type, Reason, Action);

    /// <summary>The namespace it is written to.</summary>
    public string Namespace => Regarding.Namespace.Length == 0 ? "default" : Regarding.Namespace;

    /// <summary>The event's own name: that of the object and the time; a uuid where that would be no DNS name.</summary>
    public string MakeName()
    {
        long nanoseconds = (Time - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
        string name = string.Create(CultureInfo.InvariantCulture, $"{Regarding.Name}.{nanoseconds:x}");
        return name.Length <= MaxNameLength && IsDnsName(Regarding.Name) ? name : Guid.NewGuid().ToString();
    }

    /// <summary>The body of a POST.</summary>
    /// <param name="name">The event's name.</param>
    /// <param name="reporter">Who writes it.</param>
    /// <param name="count">How often it happened; a series is written from 2 on.</param>
    /// <param name="lastObserved">When it happened last.</param>
    public ReadOnlyMemory<byte> Encode(string name, EventReporter reporter, int count, DateTimeOffset lastObserved)
    {
        WireWriter message = new WireWriter()
            .Nested(1, new WireWriter().Text(1, name).Text(3, Namespace))
            .Nested(2, MicroTime(Time));
        if (count > 1)
        {
            message.Nested(3, new WireWriter().Number(1, count).Nested(2, MicroTime(lastObserved)));
        }

        message
            .Text(4, reporter.Controller)
            .Text(5, Cut(reporter.Instance, MaxWordLength))
            .Text(6, Cut(Action, MaxWordLength))
            .Text(7, Cut(Reason, MaxWordLength))
            .Nested(8, new WireWriter().Text(1, Regarding.Kind).Text(2, Regarding.Namespace).Text(3, Regarding.Name).Text(4, Regarding.Uid).Text(5, Regarding.ApiVersion))
            .Text(10, Cut(Note, MaxNoteLength))
            .Text(11, Type == EventKind.Warning ? "Warning" : "Normal");
        return new WireWriter()
            .Raw(Envelope.Magic)
            .Nested(1, new WireWriter().Text(1, "events.k8s.io/v1").Text(2, "Event"))
            .Nested(2, message)
            .Message;
    }

    /// <summary>The body of a PATCH that counts repetitions. The time has exactly six digits, others are refused.</summary>
    public static ReadOnlyMemory<byte> EncodeSeries(int count, DateTimeOffset lastObserved)
    {
        string time = lastObserved.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{{\"series\":{{\"count\":{count},\"lastObservedTime\":\"{time}\"}}}}"));
    }

    private static WireWriter MicroTime(DateTimeOffset time)
    {
        long seconds = time.ToUnixTimeSeconds();
        long nanoseconds = (time - DateTimeOffset.FromUnixTimeSeconds(seconds)).Ticks * NanosecondsPerTick;
        return new WireWriter().Number(1, seconds).Number(2, nanoseconds);
    }

    /// <summary>Cuts a text to a number of UTF-8 bytes between two characters.</summary>
    private static string Cut(string text, int maxLength)
    {
        int length = 0;
        int end = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            length += rune.Utf8SequenceLength;
            if (length > maxLength)
            {
                return text[..end];
            }

            end += rune.Utf16SequenceLength;
        }

        return text;
    }

    private static bool IsDnsName(string name) =>
        name.Length != 0 && name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);
}
