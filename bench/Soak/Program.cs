using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using KubeProxySharp.Soak;

[assembly: SupportedOSPlatform("linux")]

if (SoakOptions.Parse(args) is not { } options)
{
    await Console.Error.WriteLineAsync(SoakOptions.Usage);
    return 2;
}

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
Directory.CreateDirectory(options.Work);
try
{
    await using SoakRun run = await SoakRun.CreateAsync(options, stop.Token);
    Exception? fault = null;
    try
    {
        await run.RunAsync(stop.Token);
    }
    catch (InvalidOperationException e)
    {
        // The results so far are reported.
        fault = e;
    }

    IReadOnlyList<string> broken = run.Agent is null ? [] : SoakReport.Write(run, Console.Out);
    foreach (string limit in broken)
    {
        Console.WriteLine("FAIL: " + limit);
    }

    if (fault is not null)
    {
        Console.WriteLine("FAIL: " + fault.Message);
    }

    return broken.Count == 0 && fault is null ? 0 : 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("interrupted");
    return 130;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
