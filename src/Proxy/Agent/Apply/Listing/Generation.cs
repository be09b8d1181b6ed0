namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>One committed change of the rules of a network namespace, as NFT_MSG_NEWGEN reports it.</summary>
/// <param name="Number">Counts the commits of the namespace; wraps around.</param>
/// <param name="Process">The process that committed, in the numbers of the initial process namespace.</param>
/// <param name="ProcessName">Its name; a thread's name is cut to 15 bytes by the kernel.</param>
/// <param name="Port">Its netlink port: mostly its process number in its own process namespace; negative if that was taken.</param>
internal readonly record struct Generation(uint Number, int Process, string ProcessName, int Port)
{
    /// <summary>Whether a number comes after another one.</summary>
    public static bool IsAfter(uint number, uint other) => (int)(number - other) > 0;
}
