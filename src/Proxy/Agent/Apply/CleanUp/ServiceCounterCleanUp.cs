using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.CleanUp;

/// <summary>Takes away the nfacct objects that counted the connections of Services for rules that are gone.</summary>
internal static class ServiceCounterCleanUp
{
    /// <summary>The kernel frees rules of the nft variant some time after they are gone, and until then their counters are in use.</summary>
    private const int MostAttempts = 20;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(ProcessRunner runner, IpFamily family, CleanUpResult result, CancellationToken cancellation)
    {
        (int deleted, int left) = NfacctServiceCounters.DeleteAll(family, runner.Network);
        for (int attempt = 1; left != 0 && attempt < MostAttempts; attempt++)
        {
            await Task.Delay(s_pause, TimeProvider.System, cancellation);
            (int more, left) = NfacctServiceCounters.DeleteAll(family, runner.Network);
            deleted += more;
        }

        if (deleted != 0)
        {
            result.Done($"{deleted} nfacct counters of connections ({family})");
        }

        if (left != 0)
        {
            result.Failed($"{left} nfacct counters of connections stay ({family}), because rules refer to them");
        }
    }
}
