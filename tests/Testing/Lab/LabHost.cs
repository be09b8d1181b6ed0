using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.ExceptionServices;

namespace KubeProxySharp.Testing.Lab;

/// <summary>
/// A host of the lab: a network namespace with a thread that stays inside. Sockets are made by that thread; a program
/// started by it ends at the latest with the test process.
/// </summary>
public sealed class LabHost : IDisposable
{
    private readonly LabNamespace _namespace;
    private readonly BlockingCollection<Action> _work = [];
    private readonly List<EchoServer> _servers = [];
    private readonly List<Process> _programs = [];
    private readonly Thread _thread;

    /// <summary>Makes a host without interfaces.</summary>
    /// <param name="name">A short word.</param>
    /// <param name="isRouter">Whether it forwards packets.</param>
    public LabHost(string name, bool isRouter)
    {
        Name = name;
        _namespace = LabNamespace.Create(name);
        _thread = new(Loop) { IsBackground = true, Name = "host " + name };
        _thread.Start();
        string forwarding = isRouter ? "1" : "0";
        Sysctl("ipv4/ip_forward", forwarding);
        Sysctl("ipv6/conf/all/forwarding", forwarding);
        foreach (string scope in new[] { "all", "default" })
        {
            Sysctl($"ipv4/conf/{scope}/rp_filter", "0");
            Sysctl($"ipv4/conf/{scope}/send_redirects", "0");
            Sysctl($"ipv4/conf/{scope}/accept_redirects", "0");
            Sysctl($"ipv6/conf/{scope}/accept_redirects", "0");
            Sysctl($"ipv6/conf/{scope}/accept_dad", "0");
        }

        // A refusal that is held back by the rate limit would look like a drop.
        Sysctl("ipv4/icmp_ratelimit", "0");
        Sysctl("ipv6/icmp/ratelimit", "0");
    }

    /// <summary>Its name in the lab.</summary>
    public string Name { get; }

    /// <summary>Its namespace.</summary>
    public LabNamespace Namespace => _namespace;

    /// <summary>Runs a body on the thread inside. It must be short and synchronous.</summary>
    public T Inside<T>(Func<T> body)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(body());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Runs commands of <c>ip</c>, one a line, without the word itself.</summary>
    public void Ip(params string[] commands) => ChildProcess.Run("ip", string.Join('\n', commands) + "\n", "-n", _namespace.Name, "-batch", "-");

    /// <summary>Starts an echo server on a port of one of the host's addresses.</summary>
    public EchoServer Serve(string name, string address, int port)
    {
        EchoServer server = EchoServer.Start(this, name, LabAddress.Parse(address), port);
        _servers.Add(server);
        return server;
    }

    /// <summary>Starts a program inside, that is killed with the host or the test process.</summary>
    public Process Start(string program, IEnumerable<string> arguments, Action<ProcessStartInfo> configure) => Inside(() =>
    {
        ProcessStartInfo start = new("setpriv", ["--pdeathsig", "KILL", program, .. arguments]) { UseShellExecute = false };
        configure(start);
        Process process = Process.Start(start)!;
        _programs.Add(process);
        return process;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (EchoServer server in _servers)
        {
            server.Dispose();
        }

        foreach (Process program in _programs)
        {
            if (!program.HasExited)
            {
                program.Kill(entireProcessTree: true);
                program.WaitForExit();
            }

            program.Dispose();
        }

        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
        _namespace.Dispose();
    }

    private void Sysctl(string name, string value) => Inside(() =>
    {
        File.WriteAllText("/proc/sys/net/" + name, value);
        return true;
    });

    private void Loop()
    {
        ExceptionDispatchInfo? failure = null;
        try
        {
            _namespace.Enter();
        }
        catch (InvalidOperationException e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        foreach (Action work in _work.GetConsumingEnumerable())
        {
            // Work must never run outside the namespace: what it does would reach the machine itself.
            failure?.Throw();
            work();
        }
    }
}
