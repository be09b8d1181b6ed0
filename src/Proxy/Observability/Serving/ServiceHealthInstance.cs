using System.Buffers;
using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>The health check node port of one Service in one family.</summary>
/// <param name="service">The Service.</param>
/// <param name="port">The node port.</param>
/// <param name="isProxyHealthy">Whether the rules are up to date with the cluster and in the kernel.</param>
/// <param name="areRulesWritten">Whether the kernel has the rules of the family.</param>
internal sealed class ServiceHealthInstance(NamespacedName service, int port, Func<bool> isProxyHealthy, Func<bool> areRulesWritten)
{
    private const string WeightHeader = "X-Load-Balancing-Endpoint-Weight";

    private static readonly JsonWriterOptions s_tabs = new() { Indented = true, IndentCharacter = '\t', IndentSize = 1, NewLine = "\n" };

    private volatile int _localEndpoints;

    /// <summary>The node port.</summary>
    public int Port => port;

    /// <summary>The listeners by address; empty if no address of the node matches.</summary>
    public Dictionary<IpAddress, HttpPort> Listeners { get; } = [];

    /// <summary>The failure to open it on all addresses; null if there is none.</summary>
    public ListenFailure? Failure { get; set; }

    /// <summary>Sets the number of local endpoints.</summary>
    public void SetLocalEndpoints(int count) => _localEndpoints = count;

    /// <summary>Answers a request, whatever its method and path.</summary>
    public async ValueTask AnswerAsync(HttpContext context)
    {
        int count = areRulesWritten() ? _localEndpoints : 0;
        bool isHealthy = isProxyHealthy();
        ArrayBufferWriter<byte> body = new();
        WriteBody(body, count, isHealthy);
        context.Response.Headers[WeightHeader] = count.ToString(CultureInfo.InvariantCulture);
        int status = count != 0 && isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await Responses.WriteAsync(context, body.WrittenMemory, Responses.Json, status);
    }

    /// <summary>Closes the port.</summary>
    public async Task CloseAsync()
    {
        foreach (HttpPort listener in Listeners.Values)
        {
            await listener.DisposeAsync();
        }

        Listeners.Clear();
    }

    /// <summary>Closes the listeners on addresses that are no longer wanted.</summary>
    public async Task CloseOthersAsync(IReadOnlyCollection<IpAddress> wanted)
    {
        foreach ((IpAddress address, HttpPort listener) in Listeners)
        {
            if (!wanted.Contains(address))
            {
                Listeners.Remove(address);
                await listener.DisposeAsync();
            }
        }
    }

    private void WriteBody(ArrayBufferWriter<byte> body, int count, bool isHealthy)
    {
        using Utf8JsonWriter json = new(body, s_tabs);
        json.WriteStartObject();
        json.WriteStartObject("service");
        json.WriteString("namespace", service.Namespace);
        json.WriteString("name", service.Name);
        json.WriteEndObject();
        json.WriteNumber("localEndpoints", count);
        json.WriteBoolean("serviceProxyHealthy", isHealthy);
        json.WriteEndObject();
    }
}

/// <summary>A port that could not be opened, and the time of the next attempt: soon at first, as a stopped process holds its ports for a moment.</summary>
/// <param name="time">The clock.</param>
internal sealed class ListenFailure(TimeProvider time)
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(500);

    private long _failedAt = time.GetTimestamp();
    private TimeSpan _delay = s_first;

    /// <summary>The time to the next attempt; zero if it is due.</summary>
    public TimeSpan UntilRetry
    {
        get
        {
            TimeSpan left = _delay - time.GetElapsedTime(_failedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Records another failure: the delay is doubled, up to that of <see cref="ListenLoop"/>.</summary>
    public void FailedAgain()
    {
        _failedAt = time.GetTimestamp();
        _delay = 2 * _delay < ListenLoop.RetryInterval ? 2 * _delay : ListenLoop.RetryInterval;
    }
}
