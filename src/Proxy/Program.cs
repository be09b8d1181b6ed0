using System.CommandLine;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands;
using KubeProxySharp.Proxy.Commands.ExplainPage;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Run;
using KubeProxySharp.Proxy.Configuration.Run;
using KubeProxySharp.Proxy.Observability.Logging;

RootCommand root = ProgramCommandLine.Create();
ProgramArguments called = ProgramArguments.From(ProgramArguments.ReadCalledAs(), args, [.. root.Subcommands.Select(command => command.Name)]);
if (!called.IsRun)
{
    return await UsageError.InvokeAsync(root.Parse(called.Arguments), called.CallOf, new());
}

using StopSignals signals = new();
RunCommand command = new(RunStreams.OfProcess(), TimeProvider.System, RunAgentAsync, CleanUpAsync);
return signals.ExitCodeAfter(await command.RunAsync(called.Arguments, called.ProgramName, signals.Token));

static Task<int> RunAgentAsync(RunOptions options, AgentLogging logging, CancellationToken stop) =>
    new NodeAgent(options, logging, AgentHost.OfProcess(TimeProvider.System), static (configuration, node) => new AgentExplanation(configuration, node).Write).RunAsync(stop);

// Rules of another mode go when those of this one are complete (NodeAgent), not before.
static Task<bool> CleanUpAsync(RunOptions options, AgentLogging logging, CancellationToken stop) => options.IsCleanup
    ? new NodeAgent(options, logging, AgentHost.OfProcess(TimeProvider.System)).CleanUpAsync(stop)
    : Task.FromResult(true);
