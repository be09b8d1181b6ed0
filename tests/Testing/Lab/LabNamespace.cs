using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Testing.Lab;

/// <summary>
/// A named network namespace with loopback up, for tests whose programs outlive one thread. The name carries the id of the
/// test process; what a crashed one left behind is removed by the next.
/// </summary>
public sealed partial class LabNamespace : IDisposable
{
    private const string Prefix = "kps-";
    private const int CloneNewNet = 0x40000000; // CLONE_NEWNET of linux/sched.h
    private static readonly string s_directory = "/run/netns";
    private static int s_last;

    private readonly List<Process> _processes = [];

    private LabNamespace(string name)
    {
        Name = name;
    }

    /// <summary>The name, as <c>ip netns</c> knows it.</summary>
    public string Name { get; }

    /// <summary>Makes a namespace.</summary>
    /// <param name="role">A short word that identifies it in listings.</param>
    public static LabNamespace Create(string role)
    {
        int number = Interlocked.Increment(ref s_last);
        if (number == 1)
        {
            RemoveAbandoned();
        }

        LabNamespace created = new(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{number}-{role}"));
        ChildProcess.Run("ip", "", "netns", "add", created.Name);
        try
        {
            created.Run("ip", "link", "set", "lo", "up");
        }
        catch
        {
            created.Dispose();
            throw;
        }

        return created;
    }

    /// <summary>Runs a tool inside to its end, and fails when it does.</summary>
    public string Run(string tool, params string[] arguments) => ChildProcess.Run("ip", "", ["netns", "exec", Name, tool, .. arguments]);

    /// <summary>Runs a tool inside with input, and fails when it does.</summary>
    public string RunWith(string input, string tool, params string[] arguments) => ChildProcess.Run("ip", input, ["netns", "exec", Name, tool, .. arguments]);

    /// <summary>Starts a program inside; it is killed with the namespace.</summary>
    /// <param name="program">Path or name of the program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="configure">Sets streams and environment.</param>
    public Process Start(string program, IEnumerable<string> arguments, Action<ProcessStartInfo>? configure = null)
    {
        ProcessStartInfo start = new("ip", ["netns", "exec", Name, program, .. arguments]) { UseShellExecute = false };
        configure?.Invoke(start);
        Process process = Process.Start(start)!;
        lock (_processes)
        {
            _processes.Add(process);
        }

        return process;
    }

    /// <summary>
    /// Runs a body on a thread inside. Sockets that it opens and processes that it starts stay inside, wherever they are
    /// used later. The body must be synchronous.
    /// </summary>
    public T Inside<T>(Func<T> body)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter();
                result = body();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        {
            Name = Name,
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Moves the calling thread inside, for the rest of its life.</summary>
    public void Enter()
    {
        using SafeFileHandle handle = File.OpenHandle(Path.Combine(s_directory, Name));
        if (SetNamespace(handle, CloneNewNet) != 0)
        {
            throw new InvalidOperationException($"setns({Name}) failed with errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Runs a body on a thread inside.</summary>
    public void Inside(Action body) => Inside(() =>
    {
        body();
        return true;
    });

    /// <summary>Joins two namespaces by a virtual cable.</summary>
    /// <param name="interfaceName">Name of the end in this one.</param>
    /// <param name="other">The other namespace.</param>
    /// <param name="otherInterfaceName">Name of the end there.</param>
    public void Connect(string interfaceName, LabNamespace other, string otherInterfaceName)
    {
        Run("ip", "link", "add", interfaceName, "type", "veth", "peer", "name", otherInterfaceName, "netns", other.Name);
        Run("ip", "link", "set", interfaceName, "up");
        other.Run("ip", "link", "set", otherInterfaceName, "up");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_processes)
        {
            foreach (Process process in _processes)
            {
                Kill(process);
            }
        }

        ChildProcess.Try("ip", "", "netns", "delete", Name);
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // Ended by itself.
        }

        process.Dispose();
    }

    /// <summary>Removes namespaces whose owner has ended, with the programs that still run in them.</summary>
    public static void RemoveAbandoned()
    {
        if (!Directory.Exists(s_directory))
        {
            return;
        }

        foreach (string name in Directory.GetFiles(s_directory, Prefix + "*").Select(path => Path.GetFileName(path)!))
        {
            if (int.TryParse(name.Split('-')[1], CultureInfo.InvariantCulture, out int owner) && !Directory.Exists($"/proc/{owner}"))
            {
                string[] programs = ChildProcess.Try("ip", "", "netns", "pids", name).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
                if (programs.Length != 0)
                {
                    ChildProcess.Try("kill", "", ["-KILL", .. programs]);
                }

                ChildProcess.Try("ip", "", "netns", "delete", name);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle handle, int kind);
}
