using System.Net;
using System.Text.Json;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Proxy.Observability.Status;

namespace KubeProxySharp.Proxy.Commands.Status;

/// <summary><c>status</c>: shows the state of an agent, which it asks over HTTP.</summary>
/// <param name="streams">Where it is written.</param>
/// <param name="time">The clock.</param>
internal sealed class StatusCommand(CommandStreams streams, TimeProvider time)
{
    /// <summary>More than the largest answer, whose lists are bounded.</summary>
    private const int MostBytes = 1024 * 1024;

    private const string ClearScreen = "\u001b[H\u001b[2J";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code, of the last reading.</returns>
    public async Task<int> RunAsync(StatusOptions options, CancellationToken stop)
    {
        if (options.SavedPath is { } saved)
        {
            return Show(await File.ReadAllBytesAsync(saved, stop), "the bundle", options);
        }

        string address;
        try
        {
            address = options.Address
                ?? (options.ConfigPath is { } path ? ConfigurationReader.ReadFile(path).Value : new KubeProxyConfiguration()).MetricsBindAddress;
        }
        catch (Exception e) when (e is ConfigurationException or IOException or UnauthorizedAccessException)
        {
            streams.Errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }

        using SocketsHttpHandler handler = new() { UseProxy = false, AllowAutoRedirect = false };
        using HttpClient client = new(handler) { Timeout = s_limit, MaxResponseContentBufferSize = MostBytes };
        Uri uri = new($"http://{AgentClient.Reachable(address)}/status");
        int exitCode = await ShowAsync(client, uri, options, stop);
        while (options.Interval is { } interval)
        {
            try
            {
                await Task.Delay(interval, time, stop);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            exitCode = await ShowAsync(client, uri, options, stop);
        }

        return exitCode;
    }

    private async Task<int> ShowAsync(HttpClient client, Uri uri, StatusOptions options, CancellationToken stop)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(uri, stop);
            byte[] body = await response.Content.ReadAsByteArrayAsync(stop);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                streams.Errors.WriteLine($"error: {uri} answers {(int)response.StatusCode}; it may be another kube-proxy, or an older version of this program");
                return ExitCode.Failure;
            }

            return Show(body, $"{uri}", options);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            string why = e is HttpRequestException ? e.Message : $"no answer within {s_limit.TotalSeconds:0} s";
            streams.Errors.WriteLine($"error: no agent answers at {uri}: {why}. Is it running, in this network namespace? Give its metricsBindAddress with --metrics-address or --config");
            return ExitCode.CannotTell;
        }
    }

    private int Show(byte[] body, string source, StatusOptions options)
    {
        StatusReport? report;
        try
        {
            report = StatusDocument.Read(body);
        }
        catch (JsonException e)
        {
            streams.Errors.WriteLine($"error: the answer of {source} is not a status: {e.Message}");
            return ExitCode.Failure;
        }

        if (report is null)
        {
            streams.Errors.WriteLine($"error: the answer of {source} has another form; use the version of the program that the agent has");
            return ExitCode.Failure;
        }

        Write(report, body, options);
        return report.Health.Healthy ? ExitCode.Success : ExitCode.Findings;
    }

    private void Write(StatusReport report, byte[] body, StatusOptions options)
    {
        if (options.IsJson)
        {
            using Stream output = streams.OpenOutput();
            output.Write(body);
            output.WriteByte((byte)'\n');
            return;
        }

        ReportRun.WriteText(streams, text =>
        {
            if (options.Interval is not null && streams.IsOutputOnTerminal)
            {
                text.Write(ClearScreen);
            }

            StatusText.Write(report, text, streams.IsOutputOnTerminal);
        });
    }
}
