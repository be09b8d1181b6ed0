using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using k8s.Models;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>An <c>events.k8s.io/v1</c> Event to be written (wire notes 10). Events with equal keys are repetitions.</summary>
/// <param name="Regarding">The object that it is about.</param>
/// <param name="Type">Its type.</param>
/// <param name="Reason">The machine-readable reason, in CamelCase.</param>
/// <param name="Action">What was being done.</param>
/// <param name="Note">For people.</param>
/// <param name="Time">When it happened.</param>
internal sealed record ClusterEvent(ObjectReference Regarding, EventKind Type, string Reason, string Action, string Note, DateTimeOffset Time)
{
    private const int MaxWordLength = 128;
    private const int MaxNoteLength = 1024;
    private const int MaxNameLength = 253;
    private const long NanosecondsPerTick = 100;

    /// <summary>Identifies repetitions. The uid is not part of it, since it is looked up later.</summary>
    public (ObjectReference Regarding, EventKind Type, string Reason, string Action) Key => (Regarding with { Uid = "" }, Type, Reason, Action);

    public string Namespace => Regarding.Namespace.Length == 0 ? "default" : Regarding.Namespace;

    /// <summary>Makes the event's name: name of the object and time, or a uuid if that is not a DNS name.</summary>
    public string MakeName()
    {
        long nanoseconds = (Time - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
        string name = string.Create(CultureInfo.InvariantCulture, $"{Regarding.Name}.{nanoseconds:x}");
        return name.Length <= MaxNameLength && IsDnsName(Regarding.Name) ? name : Guid.NewGuid().ToString();
    }

    /// <summary>Makes the API object.</summary>
    /// <param name="name">The event's name.</param>
    /// <param name="reporter">The reporting controller and instance.</param>
    /// <param name="count">Number of occurrences; from 2 on the object has a series.</param>
    /// <param name="lastObserved">The last occurrence.</param>
    public Eventsv1Event ToObject(string name, EventReporter reporter, int count, DateTimeOffset lastObserved) => new()
    {
        ApiVersion = "events.k8s.io/v1",
        Kind = "Event",
        Metadata = new() { Name = name, NamespaceProperty = Namespace },
        EventTime = Time.UtcDateTime,
        Series = count > 1 ? SeriesOf(count, lastObserved) : null,
        ReportingController = reporter.Controller,
        ReportingInstance = Cut(reporter.Instance, MaxWordLength),
        Action = Cut(Action, MaxWordLength),
        Reason = Cut(Reason, MaxWordLength),
        Regarding = new()
        {
            ApiVersion = Regarding.ApiVersion,
            Kind = Regarding.Kind,
            NamespaceProperty = TextOrNull(Regarding.Namespace),
            Name = Regarding.Name,
            Uid = TextOrNull(Regarding.Uid),
        },
        Note = TextOrNull(Cut(Note, MaxNoteLength)),
        Type = Type == EventKind.Warning ? "Warning" : "Normal",
    };

    /// <summary>The patch that updates the count of a series.</summary>
    public static Eventsv1Event PatchOf(int count, DateTimeOffset lastObserved) => new() { Series = SeriesOf(count, lastObserved) };

    private static Eventsv1EventSeries SeriesOf(int count, DateTimeOffset lastObserved) =>
        new() { Count = count, LastObservedTime = lastObserved.UtcDateTime };

    private static string? TextOrNull(string text) => text.Length == 0 ? null : text;

    /// <summary>Truncates a text to a number of UTF-8 bytes without splitting a character.</summary>
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

/// <summary><c>type</c> of an Event.</summary>
public enum EventKind
{
    /// <summary>Normal operation.</summary>
    Normal,

    /// <summary>Something that needs attention.</summary>
    Warning,
}

/// <summary>The object that an Event is about.</summary>
/// <param name="ApiVersion">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>Node</c>.</param>
/// <param name="Namespace">Its namespace; empty for cluster-wide objects, whose events go to <c>default</c>.</param>
/// <param name="Name">Its name.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ObjectReference(string ApiVersion, string Kind, string Namespace, string Name)
{
    private readonly string? _uid;

    /// <summary>Its uid, by which <c>kubectl describe</c> finds its Events; empty if it is not known.</summary>
    public string Uid
    {
        get => _uid ?? "";
        init => _uid = value;
    }

    /// <summary>A Node. Its name is used as uid, as the kubelet does: <c>kubectl describe node</c> looks for both.</summary>
    public static ObjectReference Node(string name) => new("v1", "Node", "", name) { Uid = name };

    /// <summary>A Service without its uid.</summary>
    public static ObjectReference Service(string space, string name) => new("v1", "Service", space, name);
}
