using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>A message on its way to the log.</summary>
/// <param name="Time">When, in local time.</param>
/// <param name="Level">How grave.</param>
/// <param name="Source">The type that says it, without namespace.</param>
/// <param name="Message">The text, with its values filled in.</param>
/// <param name="Values">Names and values of the message.</param>
/// <param name="Exception">What went wrong, if anything.</param>
internal readonly record struct LogEntry(
    DateTimeOffset Time, LogLevel Level, string Source, string Message, IReadOnlyList<KeyValuePair<string, object?>> Values, Exception? Exception);
