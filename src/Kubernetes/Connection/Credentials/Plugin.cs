using System.ComponentModel;
using CliWrap;
using KubeProxySharp.Kubernetes.Connection.Configuration;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>Runs a credential plugin (wire notes 5.5).</summary>
/// <param name="entry">The program and its arguments.</param>
/// <param name="info">The value of KUBERNETES_EXEC_INFO.</param>
/// <param name="settings">The clock, the time limit and the log.</param>
internal sealed class Plugin(PluginEntry entry, string info, ConnectionSettings settings)
{
    private const int MaxOutputLength = 1024 * 1024;

    private readonly ILogger _logger = settings.LoggerFactory.CreateLogger<ApiConnection>();
    private readonly Redaction _redaction = new(entry.Variables.Select(variable => variable.Value));

    public string Command => entry.Command;

    /// <summary>Runs the plugin until it exits.</summary>
    /// <exception cref="HttpRequestException">It returned no credential; the message gives the reason and contains no secret.</exception>
    public async Task<PluginAnswer> RunAsync(CancellationToken cancellationToken)
    {
        BoundedOutput output = new(MaxOutputLength + 1);
        BoundedOutput error = new(Redaction.MaxInputLength + 1);
        Command command = new Command(Locate())
            .WithArguments(entry.Arguments)
            .WithEnvironmentVariables(Variables())
            .WithValidation(CommandResultValidation.None)
            .WithStandardOutputPipe(output)
            .WithStandardErrorPipe(error);
        using CancellationTokenSource limit = new(settings.PluginTimeLimit, settings.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            CommandResult ended = await command.ExecuteAsync(either.Token);
            return ReadResult(ended.ExitCode, output.Kept, _redaction.Apply(error.Kept.Span));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"did not end within {settings.PluginTimeLimit.TotalSeconds:0} seconds and was killed; run it by hand to see what it waits for", null);
        }
        catch (Win32Exception e)
        {
            // CliWrap wraps the exception of the system.
            throw Failed($"cannot be started: {(e.InnerException as Win32Exception ?? e).NativeErrorCode switch
            {
                2 => "there is no such program",
                7 => "its arguments and environment are too long",
                8 => "it is not a program for this machine",
                13 => "it is not executable",
                int code => $"error {code}",
            }}. {entry.InstallHint}".TrimEnd(), null);
        }
    }

    private Dictionary<string, string?> Variables()
    {
        Dictionary<string, string?> variables = new(StringComparer.Ordinal);
        foreach ((string name, Secret value) in entry.Variables)
        {
            variables[name] = value.Reveal();
        }

        variables["KUBERNETES_EXEC_INFO"] = info;
        return variables;
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

    private PluginAnswer ReadResult(int exitCode, ReadOnlyMemory<byte> output, string errorText)
    {
        if (exitCode != 0)
        {
            throw Failed($"ended with exit code {exitCode}; it said: {(errorText.Length == 0 ? "nothing" : errorText)}", null);
        }

        if (errorText.Length != 0)
        {
            _logger.PluginSaid(Command, errorText);
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
