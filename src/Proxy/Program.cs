using System.CommandLine;
using KubeProxySharp.Proxy.CommandLine;
using KubeProxySharp.Proxy.Run;

RootCommand root = ProgramCommandLine.Create();
ProgramArguments called = ProgramArguments.From(ProgramArguments.ReadCalledAs(), args, [.. root.Subcommands.Select(command => command.Name)]);
if (!called.IsRun)
{
    return root.Parse(called.Arguments).Invoke();
}

using StopSignals signals = new();
RunCommand command = new(RunStreams.OfProcess(), TimeProvider.System, MissingAgent.RunAsync, MissingAgent.CleanUpAsync);
return signals.ExitCodeAfter(await command.RunAsync(called.Arguments, called.ProgramName, signals.Token));
