using System.Globalization;
using System.Net;

namespace KubeProxySharp.Testing.Lab;

/// <summary>The result of one attempt of a client.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Who">Name of the server that answered; empty if none did.</param>
/// <param name="Seen">The source address that the server saw.</param>
public sealed record Answer(Outcome Outcome, string Who = "", IPAddress? Seen = null)
{
    public static Answer Refused { get; } = new(Outcome.Refused);

    public static Answer Dropped { get; } = new(Outcome.Dropped);

    public static Answer Late { get; } = new(Outcome.Late);

    public static Answer Broken { get; } = new(Outcome.Broken);

    /// <summary>Reads what an <see cref="EchoServer"/> sent.</summary>
    public static Answer Parse(string line)
    {
        string[] words = line.TrimEnd('\n').Split(' ');
        return words.Length == 2 && line.EndsWith('\n') ? new(Outcome.Answered, words[0], LabAddress.Parse(words[1])) : Broken;
    }

    /// <inheritdoc/>
    public override string ToString() => Outcome == Outcome.Answered
        ? $"{Who} saw {Seen}"
        : Outcome.ToString().ToLower(CultureInfo.InvariantCulture);
}
