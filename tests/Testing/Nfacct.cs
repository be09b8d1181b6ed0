namespace KubeProxySharp.Testing;

/// <summary>The kernel's nfacct counters that kube-proxy's rules refer to.</summary>
public static class Nfacct
{
    /// <summary>Creates them in the namespace of this thread.</summary>
    public static void CreateCounters()
    {
        ChildProcess.Run("nfacct", "", "add", "ct_state_invalid_dropped_pkts");
        ChildProcess.Run("nfacct", "", "add", "localhost_nps_accepted_pkts");
    }
}
