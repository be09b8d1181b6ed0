using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.Flows;

/// <summary>
/// Lets a thread work only when the others of the program have nothing to do, or nearly: the kernel shares the processor by
/// niceness (setpriority(2)), and on Linux each thread has its own. .NET's thread priorities do nothing there.
/// </summary>
internal static partial class BackgroundThread
{
    private const int PriorityProcess = 0; // PRIO_PROCESS of sys/resource.h; with the number 0 the calling thread is meant
    private const int Niceness = 10;

    /// <summary>
    /// Lets the others go first. The way back needs rights, so this is for threads that end with their work. Refusal does no
    /// harm: the work is then done at the usual priority.
    /// </summary>
    public static void GiveWay() => _ = SetPriority(PriorityProcess, 0, Niceness);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);
}
