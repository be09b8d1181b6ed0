using System.Diagnostics;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift.Firewalld;

/// <summary>A dbus-daemon of the test's own, and programs on it. All end with it.</summary>
internal sealed class PrivateBus : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("drift-bus-").FullName;
    private readonly List<Process> _processes = [];
    private Process? _daemon;

    public string Address => $"unix:path={_directory}/bus";

    /// <summary>Starts the daemon and waits for its socket.</summary>
    public void StartDaemon()
    {
        _daemon = Start(RepositoryRoot.Combine("scripts", "private-bus.sh"), $"{_directory}/bus");
        SpinWait.SpinUntil(() => File.Exists($"{_directory}/bus"), TimeSpan.FromSeconds(20)).Should().BeTrue("dbus-daemon listens");
    }

    /// <summary>Ends the daemon.</summary>
    public void StopDaemon()
    {
        _daemon!.Kill(); // started before
        _daemon.WaitForExit();
        File.Delete($"{_directory}/bus");
    }

    /// <summary>Starts firewalld in the network namespace of this thread.</summary>
    public void StartFirewalld(string backend)
    {
        string configuration = Directory.CreateDirectory(Path.Combine(_directory, "firewalld")).FullName;
        File.WriteAllText(
            Path.Combine(configuration, "firewalld.conf"),
            $"""
            DefaultZone=public
            FirewallBackend={backend}
            CleanupOnExit=no
            CleanupModulesOnExit=no
            Lockdown=no
            IPv6_rpfilter=no
            FlushAllOnReload=yes

            """);
        Start("firewalld", "--nofork", "--nopid", "--system-config", configuration, "--log-target", "file", "--log-file", Path.Combine(_directory, "log"));
    }

    /// <summary>Runs a program on the bus to its end.</summary>
    public int Run(string tool, params string[] arguments)
    {
        Process process = Start(tool, arguments);
        process.WaitForExit(TimeSpan.FromSeconds(60)).Should().BeTrue();
        return process.ExitCode;
    }

    public void Dispose()
    {
        for (int i = _processes.Count - 1; i >= 0; i--)
        {
            _processes[i].Kill(entireProcessTree: true); // does nothing if it has ended
            _processes[i].WaitForExit();
            _processes[i].Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private Process Start(string tool, params string[] arguments)
    {
        ProcessStartInfo start = new(tool, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DBUS_SYSTEM_BUS_ADDRESS"] = Address;
        Process process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
        return process;
    }
}
