using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Configuration.Run;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Proxy.Observability.Logging;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Commands.Run;

/// <summary><c>run</c>: from arguments to the running agent, in kube-proxy's order (spec 11.6).</summary>
/// <param name="streams">Where texts and the log go.</param>
/// <param name="time">The clock, also for the watch of the configuration file.</param>
/// <param name="runAgent">Keeps the rules.</param>
/// <param name="cleanUp">Removes rules.</param>
internal sealed partial class RunCommand(RunStreams streams, TimeProvider time, RunAgent runAgent, CleanUpRules cleanUp)
{
    /// <summary>How long an agent may take to stop after the configuration changed.</summary>
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">kube-proxy's flags.</param>
    /// <param name="programName">What help and messages call the program.</param>
    /// <param name="cancellationToken">Ends the agent; the rules stay.</param>
    /// <returns>The exit code (spec 11.7).</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, string programName, CancellationToken cancellationToken)
    {
        KubeProxyFlags flags = new();
        try
        {
            ParseFlags(flags, arguments, programName);
        }
        catch (FlagException e)
        {
            streams.Errors.WriteLine($"Error: {e.Message}");
            streams.Errors.WriteLine($"Usage: {programName} [flags]");
            streams.Errors.WriteLine($"'{programName} --help' explains the flags.");
            return ExitCode.Failure;
        }

        if (TryAnswer(flags, programName))
        {
            return ExitCode.Success;
        }

        RunOptions options;
        AgentLogging logging;
        ConfigurationWatch? watch;
        try
        {
            // Begins before the file is read, so that no change falls in between.
            watch = StartWatch(flags.Config.Value);
            options = RunOptionsReader.Read(flags);
            logging = AgentLogging.Create(options.Configuration, streams.LogErrors, streams.LogOutput, time);
        }
        catch (ConfigurationException e)
        {
            streams.Errors.WriteLine($"Error: {e.Message}");
            return ExitCode.Failure;
        }

        using (logging)
        {
            return await RunAsync(options, logging, watch, cancellationToken);
        }
    }

    private async Task<int> RunAsync(RunOptions options, AgentLogging logging, ConfigurationWatch? watch, CancellationToken cancellationToken)
    {
        ILogger logger = logging.Factory.CreateLogger<RunCommand>();
        try
        {
            foreach (string note in options.Notes)
            {
                LogNote(logger, note);
            }

            foreach (FlagValue flag in options.Flags)
            {
                LogFlag(logger, flag.Name, flag.Value);
            }

            ConfigurationValidator.ThrowIfInvalid(options.Configuration);
            if (options.WriteConfigTo is { } path)
            {
                ConfigurationWriter.WriteFile(path, options.Configuration);
                LogWroteConfiguration(logger, path);
                return ExitCode.Success;
            }

            if (options.IsCleanup)
            {
                return await cleanUp(options, logging, cancellationToken)
                    ? ExitCode.Success
                    : throw new ConfigurationException("encountered an error while tearing down rules");
            }

            await CleanUpOtherModesAsync(options, logging, logger, cancellationToken);
            return watch is null || options.IsInitOnly
                ? await runAgent(options, logging, cancellationToken)
                : await RunUntilChangeAsync(options, logging, watch, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (Exception e)
        {
            // The last stop: whatever it is, the log is where operators look for it.
            LogFailure(logger, e);
            return ExitCode.Failure;
        }
    }

    private static void ParseFlags(KubeProxyFlags flags, IReadOnlyList<string> arguments, string programName, Action<string> warn)
    {
        IReadOnlyList<string> positional = flags.Set.Parse(arguments, warn);
        if (!flags.Help.Value && positional.Any(argument => argument.Length != 0))
        {
            throw new FlagException($"{GoText.Quote(programName)} does not take any arguments, got [{string.Join(' ', positional.Select(GoText.Quote))}]");
        }
    }

    private void ParseFlags(KubeProxyFlags flags, IReadOnlyList<string> arguments, string programName) =>
        ParseFlags(flags, arguments, programName, streams.Errors.WriteLine);

    /// <summary>Answers --help and --version.</summary>
    private bool TryAnswer(KubeProxyFlags flags, string programName)
    {
        if (flags.Help.Value)
        {
            FlagHelp.Write(streams.Output, flags, programName);
            return true;
        }

        if (flags.Version.Value is not ("true" or "raw"))
        {
            return false;
        }

        streams.Output.WriteLine(flags.Version.Value is "raw" ? KubernetesVersion.Raw(KubernetesVersion.Text) : KubernetesVersion.Line(KubernetesVersion.Text));
        return true;
    }

    private ConfigurationWatch? StartWatch(string path)
    {
        try
        {
            return path.Length == 0 ? null : ConfigurationWatch.Start(path, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunOptionsReader.CannotOpen(path, e);
        }
    }

    /// <summary>Best effort: what is left over of another mode does not keep this one from running (spec 14.1).</summary>
    private async Task CleanUpOtherModesAsync(RunOptions options, AgentLogging logging, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            if (!await cleanUp(options, logging, cancellationToken))
            {
                LogLeftovers(logger, null);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogLeftovers(logger, e);
        }
    }

    private async Task<int> RunUntilChangeAsync(RunOptions options, AgentLogging logging, ConfigurationWatch watch, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<int> agent = runAgent(options, logging, stop.Token);
        Task change = watch.WaitForChangeAsync(logging.Factory.CreateLogger<ConfigurationWatch>(), stop.Token);
        Task first = await Task.WhenAny(agent, change);
        await stop.CancelAsync();
        if (first == agent || change.IsCanceled)
        {
            return await agent;
        }

        // A fault of the watch counts before anything that the agent has to say while it stops.
        await change;
        await WaitForStopAsync(agent, logging.Factory.CreateLogger<RunCommand>());
        throw new ConfigurationException("content of the proxy server's configuration file was updated");
    }

    /// <summary>The process ends in any case: the kernel closes what the agent still holds, and the rules stay.</summary>
    private async Task WaitForStopAsync(Task<int> agent, ILogger logger)
    {
        try
        {
            await agent.WaitAsync(s_stopTimeout, time, CancellationToken.None);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUncleanStop(logger, e);
        }
        catch (OperationCanceledException)
        {
            LogStopped(logger);
        }
    }

    [LoggerMessage(EventId = 1000, Level = LogLevel.Information, Message = "{Note}")]
    private static partial void LogNote(ILogger logger, string note);

    [LoggerMessage(EventId = 1001, Level = LogLevel.Debug, Message = "FLAG: --{Name}={Value}")]
    private static partial void LogFlag(ILogger logger, string name, string value);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Information, Message = "Wrote configuration to {File}")]
    private static partial void LogWroteConfiguration(ILogger logger, string file);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Warning, Message = "Rules of another proxy mode may be left over; --cleanup shows the details")]
    private static partial void LogLeftovers(ILogger logger, Exception? exception);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Warning, Message = "The agent did not stop as it should")]
    private static partial void LogUncleanStop(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Debug, Message = "The agent has stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Error, Message = "command failed")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}

/// <summary>Where the command writes.</summary>
/// <param name="Output">Standard output as text: help and versions.</param>
/// <param name="Errors">Standard error as text: what is said before there is a log.</param>
/// <param name="LogOutput">Standard output, for a log with split streams.</param>
/// <param name="LogErrors">Standard error, for the log.</param>
internal sealed record RunStreams(TextWriter Output, TextWriter Errors, Stream LogOutput, Stream LogErrors)
{
    public static RunStreams OfProcess() => new(Console.Out, Console.Error, Console.OpenStandardOutput(), Console.OpenStandardError());
}

/// <summary>
/// Keeps the rules of the node until it is cancelled; with <see cref="RunOptions.IsInitOnly"/> it ends before the first
/// rule (steps 13 to 15 of spec 11.6).
/// </summary>
/// <returns>The exit code. Faults are thrown; their message is logged.</returns>
internal delegate Task<int> RunAgent(RunOptions options, AgentLogging logging, CancellationToken cancellationToken);

/// <summary>
/// Removes rules: with <see cref="RunOptions.IsCleanup"/> those of every mode, else those that the mode of the
/// configuration does not use (spec 14.1, 14.2).
/// </summary>
/// <returns>Whether everything is gone.</returns>
internal delegate Task<bool> CleanUpRules(RunOptions options, AgentLogging logging, CancellationToken cancellationToken);
