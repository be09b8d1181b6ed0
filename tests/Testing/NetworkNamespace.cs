using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Testing;

/// <summary>
/// Runs a test body on a thread that has a network namespace of its own. Child processes started from that thread live
/// in it too; the kernel removes it with the thread. The body must be synchronous: an await would leave the thread.
/// </summary>
public static partial class NetworkNamespace
{
    private const int CloneNewNet = 0x40000000; // CLONE_NEWNET of linux/sched.h

    /// <summary>Skips the test, with the reason, where namespaces or tools are missing; REQUIRE_NETNS=1 fails instead.</summary>
    public static void RunOrSkip(Action body, params string[] tools)
    {
        string? missing = WhyNot(tools);
        if (missing is not null && Environment.GetEnvironmentVariable("REQUIRE_NETNS") == "1")
        {
            throw new InvalidOperationException("REQUIRE_NETNS=1, but " + missing);
        }

        Skip.If(missing is not null, missing ?? "");
        Run(body);
    }

    /// <summary>Runs a body in a new namespace.</summary>
    public static void Run(Action body)
    {
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                if (Unshare(CloneNewNet) != 0)
                {
                    throw new InvalidOperationException($"unshare(CLONE_NEWNET) failed with errno {Marshal.GetLastPInvokeError()}");
                }

                body();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        {
            Name = "netns",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static string? WhyNot(string[] tools)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return "network namespaces need root";
        }

        string? tool = Array.Find(tools, name => !ChildProcess.Exists(name));
        return tool is null ? null : $"{tool} is not installed (./test.sh installs it)";
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);
}
