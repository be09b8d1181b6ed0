using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Observability.Logging;
using Microsoft.Extensions.Logging;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Tests.Observability.Logging;

/// <summary>The two formats of Kubernetes' log, and what is logged at which -v.</summary>
public sealed class KlogTests : IDisposable
{
    private readonly MemoryStream _errors = new();
    private readonly MemoryStream _output = new();

    private string Errors => Encoding.UTF8.GetString(_errors.ToArray());

    public void Dispose()
    {
        _errors.Dispose();
        _output.Dispose();
    }

    [Fact]
    public void TextLinesLookLikeKlogs()
    {
        Logger(new TextLogFormat(12345)).LogInformation("Synced {ServiceCount} services of {Family} in {Duration}", 12, "IPv4", TimeSpan.FromMilliseconds(3));

        Errors.Should().Be("I1120 20:01:02.123456   12345 SyncLoop] \"Synced 12 services of IPv4 in 00:00:00.0030000\" serviceCount=12 family=\"IPv4\" duration=\"3ms\"\n");
    }

    [Fact]
    public void ErrorsCarryWhatLedToThem()
    {
        Logger(new TextLogFormat(1)).LogError(new IOException("outer", new IOException("inner")), "Apply failed");

        Errors.Should().Be("E1120 20:01:02.123456       1 SyncLoop] \"Apply failed\" err=\"outer: inner\"\n");
    }

    [Theory]
    [InlineData(LogLevel.Warning, 'W')]
    [InlineData(LogLevel.Critical, 'F')]
    public void SeveritiesHaveLetters(LogLevel level, char letter)
    {
        Logger(new TextLogFormat(1)).Log(level, "x");

        Errors[0].Should().Be(letter);
    }

    /// <summary>Nothing that a Service is called may begin a line of its own, or steer a terminal.</summary>
    [Theory]
    [InlineData("a\nI1120 forged] \"x\"")]
    [InlineData("a\u001b[2Jb")]
    [InlineData("a\r\u0085\u2028\u202eb")]
    [InlineData("a\"b\\")]
    [InlineData("\ud800")]
    public void ValuesCannotBreakOutOfTheirLine(string value)
    {
        Logger(new TextLogFormat(1)).LogError(new IOException(value), "Bad name {Name}", value);

        Errors.TrimEnd('\n').EnumerateRunes().Should().NotContain(rune => Rune.IsControl(rune) || rune.Value == 0x2028 || rune.Value == 0x202e);
        Errors.Should().EndWith("\n");
        Errors.Count(letter => letter == '"').Should().Be(6 + (3 * value.Count(letter => letter == '"')));
    }

    [Fact]
    public void JsonLinesHaveKubernetesKeys()
    {
        ILogger logger = Logger(new JsonLogFormat(), verbosity: 4);
        logger.LogDebug("Synced {ServiceCount} of {Msg}\n", 12, "x\ny");
        logger.LogError(new IOException("broken"), "Failed");

        string[] lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(2);
        JsonElement debug = JsonDocument.Parse(lines[0]).RootElement;
        debug.GetProperty("ts").GetDecimal().Should().Be(1795204862123.456m);
        debug.GetProperty("caller").GetString().Should().Be("SyncLoop");
        debug.GetProperty("msg").GetString().Should().Be("Synced 12 of x\ny\n");
        debug.GetProperty("v").GetInt32().Should().Be(2);
        debug.GetProperty("serviceCount").GetInt32().Should().Be(12);
        debug.GetProperty("msg_").GetString().Should().Be("x\ny");
        JsonElement error = JsonDocument.Parse(lines[1]).RootElement;
        error.GetProperty("err").GetString().Should().Be("broken");
        error.TryGetProperty("v", out _).Should().BeFalse();
    }

    [Theory]
    [InlineData(0, "iwe")]
    [InlineData(1, "iwe")]
    [InlineData(2, "diwe")]
    [InlineData(3, "diwe")]
    [InlineData(4, "tdiwe")]
    [InlineData(9, "tdiwe")]
    public void VerbosityDecidesWhatIsLogged(int verbosity, string expected)
    {
        LogAllLevels(Logger(new TextLogFormat(1), verbosity));

        Messages().Should().Be(expected);
    }

    [Theory]
    [InlineData("SyncLoop", "tdiwe")]
    [InlineData("sync*", "tdiwe")]
    [InlineData("Other", "iwe")]
    public void VmoduleDecidesForSomeSources(string pattern, string expected)
    {
        LogAllLevels(Logger(new TextLogFormat(1), 0, new VerbosityRule(pattern, 4)));

        Messages().Should().Be(expected);
    }

    [Fact]
    public void VerbosityMayChangeWhileTheProgramRuns()
    {
        LogVerbosity verbosity = new(0, []);
        ILogger logger = new KlogLoggerProvider(new LogSink(new TextLogFormat(1), _errors, _errors), verbosity, new FixedTime()).CreateLogger("SyncLoop");

        verbosity.Level = 4;
        LogAllLevels(logger);

        Messages().Should().Be("tdiwe");
    }

    [Fact]
    public void SplitStreamsGetErrorsAndTheRest()
    {
        ILogger logger = new KlogLoggerProvider(new LogSink(new TextLogFormat(1), _errors, _output), new LogVerbosity(0, []), new FixedTime()).CreateLogger("SyncLoop");
        LogAllLevels(logger);

        Messages().Should().Be("e");
        Encoding.UTF8.GetString(_output.ToArray()).Split('\n').Should().HaveCount(3);
    }

    [Fact]
    public void ALogThatCannotBeWrittenIsNotFatalAndTheLossIsTold()
    {
        using FullStream stream = new();
        ILogger logger = new KlogLoggerProvider(new LogSink(new TextLogFormat(1), stream, stream), new LogVerbosity(0, []), new FixedTime()).CreateLogger("SyncLoop");
        logger.LogInformation("a");
        logger.LogInformation("b");
        stream.IsFull = false;
        logger.LogInformation("c");

        string[] lines = Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(2);
        lines[0].Should().StartWith("W").And.EndWith("LogSink] \"2 log lines could not be written and are lost\"");
        lines[1].Should().EndWith("] \"c\"");
    }

    private static void LogAllLevels(ILogger logger)
    {
        logger.LogTrace("t");
        logger.LogDebug("d");
        logger.LogInformation("i");
        logger.LogWarning("w");
        logger.LogError("e");
    }

    private string Messages() => string.Concat(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[^2]));

    private ILogger Logger(object format, int verbosity = 0, params VerbosityRule[] rules) =>
        new KlogLoggerProvider(new LogSink((ILogFormat)format, _errors, _errors), new LogVerbosity(verbosity, [.. rules]), new FixedTime())
            .CreateLogger("KubeProxySharp.Proxy.Sync.SyncLoop");

    private sealed class FixedTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 20, 20, 1, 2, TimeSpan.Zero).AddTicks(1234567);
    }

    private sealed class FullStream : MemoryStream
    {
        public bool IsFull { get; set; } = true;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (IsFull)
            {
                throw new IOException("No space left on device");
            }

            base.Write(buffer);
        }
    }
}
