using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApiServer;
using Microsoft.AspNetCore.Http;

[assembly: SupportedOSPlatform("linux")]

if (ServerOptions.Parse(args) is not { } options)
{
    await Console.Error.WriteLineAsync(ServerOptions.Usage);
    return 2;
}

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using ClusterControl control = new(options, TimeProvider.System);
await using KubeProxySharp.FakeApi.FakeApiServer server = await KubeProxySharp.FakeApi.FakeApiServer.StartAsync(
    new FakeApiOptions { SecurePort = options.Port, Intercept = ControlAsync },
    stop.Token);
control.Server = server;

long begin = Stopwatch.GetTimestamp();
server.Store.Put(UniformObjects.Node(options.Node));
server.Store.Put(UniformObjects.ServiceCidr());
for (int number = 0; number < options.Services; number++)
{
    server.Store.Put(UniformObjects.Service(number));
    server.Store.Put(UniformObjects.Slice(number, options.Endpoints, 0, null));
}

// The token and the CA are readable by the owner only.
FileStreamOptions privateFile = new()
{
    Mode = FileMode.Create,
    Access = FileAccess.Write,
    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
};
await using (StreamWriter kubeconfig = new(options.Kubeconfig, privateFile))
{
    await kubeconfig.WriteAsync(server.Kubeconfig());
}

await Console.Error.WriteLineAsync($"{options.Services} services x {options.Endpoints} endpoints encoded in {Stopwatch.GetElapsedTime(begin).TotalMilliseconds:F0} ms");
Console.WriteLine("kubeconfig " + options.Kubeconfig);
Console.WriteLine("server " + server.SecureUri);
Console.WriteLine("control " + new Uri(server.ClearHttp1Uri, "/control"));

try
{
    while (await Console.In.ReadLineAsync(stop.Token) is { } line)
    {
        if (line.Trim() == "quit")
        {
            return 0;
        }

        Console.WriteLine(await control.RunAsync(line, stop.Token));
    }

    // Without commands, as in the background: until a signal.
    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    // Asked to stop.
}

return 0;

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

async Task<bool> ControlAsync(HttpContext context)
{
    if (context.Request.Path != "/control")
    {
        return false;
    }

    using StreamReader reader = new(context.Request.Body);
    char[] command = new char[256];
    int length = await reader.ReadBlockAsync(command, context.RequestAborted);
    await context.Response.WriteAsync(await control.RunAsync(new string(command, 0, length).Trim(), context.RequestAborted) + "\n", context.RequestAborted);
    return true;
}
