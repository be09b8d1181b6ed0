using System.ComponentModel;
using System.Diagnostics;
using KubeProxySharp.Kubernetes.Connection.Configuration;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>Runs a credential plugin (wire notes 5.5).</summary>
/// <param name="entry">How it is called.</param>
/// <param name="info">The value of KUBERNETES_EXEC_INFO.</param>
/// <param name="settings">The clock, the time limit and the log.</param>
internal sealed class Plugin(PluginEntry entry, string info, ConnectionSettings settings)
{
    private const int MaxOutputLength = 1024 * 1024;

    private readonly ILogger _logger = settings.LoggerFactory.CreateLogger<ApiConnection>();
    private readonly Redaction _redaction = new(entry.Variables.Select(variable => variable.Value));

    /// <summary>The program.</summary>
    public string Command => entry.Command;

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="HttpRequestException">It gave no credential; the text says why and holds no secret.</exception>
    public async Task<PluginAnswer> RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(settings.PluginTimeLimit, settings.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using Process process = Start();
        try
        {
            Task<byte[]> output = ReadAsync(process.StandardOutput.BaseStream, MaxOutputLength + 1, either.Token);
            Task<byte[]> error = ReadAsync(process.StandardError.BaseStream, Redaction.MaxInputLength + 1, either.Token);
            await Task.WhenAll(output, error);
            await process.WaitForExitAsync(either.Token);
            return Judge(process.ExitCode, await output, _redaction.Apply(await error));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"did not end within {settings.PluginTimeLimit.TotalSeconds:0} seconds and was killed; run it by hand to see what it waits for", null);
        }
        finally
        {
            Kill(process);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended: what was to be reached is reached.
        }
    }

    /// <summary>Reads to the end and keeps the beginning, so that a plugin with a lot to say does not block.</summary>
    private static async Task<byte[]> ReadAsync(Stream stream, int kept, CancellationToken cancellationToken)
    {
        using MemoryStream content = new();
        byte[] buffer = new byte[4096];
        for (int count = await stream.ReadAsync(buffer, cancellationToken); count > 0; count = await stream.ReadAsync(buffer, cancellationToken))
        {
            content.Write(buffer, 0, (int)Math.Min(count, kept - content.Length));
        }

        return content.ToArray();
    }

    private Process Start()
    {
        ProcessStartInfo start = new(Locate(), entry.Arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, Secret value) in entry.Variables)
        {
            start.Environment[name] = value.Reveal();
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = info;
        try
        {
            Process process = Process.Start(start)!; // null only when a running process is used again, which needs a shell
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw Failed($"cannot be started: {e.NativeErrorCode switch
            {
                2 => "there is no such program",
                7 => "its arguments and environment are too long",
                8 => "it is not a program for this machine",
                13 => "it is not executable",
                int code => $"error {code}",
            }}. {entry.InstallHint}".TrimEnd(), null);
        }
    }

    /// <summary>Looks for a plain name in PATH only; .NET would also look in the current directory.</summary>
    private string Locate()
    {
        if (entry.Command.Contains('/', StringComparison.Ordinal))
        {
            return entry.Command;
        }

        string? found = (settings.Environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Select(directory => Path.Combine(directory, entry.Command))
            .FirstOrDefault(File.Exists);
        return found ?? throw Failed($"is not in PATH. {entry.InstallHint}".TrimEnd(), null);
    }

    private PluginAnswer Judge(int exitCode, byte[] output, string said)
    {
        if (exitCode != 0)
        {
            throw Failed($"ended with exit code {exitCode}; it said: {(said.Length == 0 ? "nothing" : said)}", null);
        }

        if (said.Length != 0)
        {
            _logger.PluginSaid(Command, said);
        }

        if (output.Length > MaxOutputLength)
        {
            throw Failed($"printed more than {MaxOutputLength} bytes; it must print an ExecCredential and nothing else", null);
        }

        try
        {
            return PluginAnswer.Parse(output, entry.ApiVersion);
        }
        catch (ConnectionException e)
        {
            throw Failed($"gave no credential: {e.Field} {e.Problem}", e);
        }
    }

    private HttpRequestException Failed(string problem, Exception? inner) =>
        new(HttpRequestError.UserAuthenticationError, $"credential plugin {Command} {problem}", inner);
}
