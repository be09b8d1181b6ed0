using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// Finds the chain of ip-masq-agent. It does no harm beside egress masquerade: of two chains that masquerade a connection the first
/// decides. But it stays when its DaemonSet is gone, and goes on masquerading by the configuration that it had.
/// </summary>
internal static class OtherMasqueradeAgent
{
    /// <summary>The default of its flag <c>--masq-chain</c>, and what GKE and others set it to begins the same way.</summary>
    private static ReadOnlySpan<byte> Beginning => ":IP-MASQ"u8;

    /// <summary>Describes where the chain is, in any variant of iptables that is installed.</summary>
    /// <param name="runner">Runs iptables-save, which makes the kernel load no table.</param>
    /// <param name="families">The families to look at.</param>
    /// <param name="cancellation">Kills it.</param>
    public static async Task<IReadOnlyList<string>> FindAsync(ProcessRunner runner, IEnumerable<IpFamily> families, CancellationToken cancellation)
    {
        List<string> found = [];
        foreach (IptablesTools tools in families.SelectMany(IptablesTools.Installed))
        {
            bool isThere = false;
            ToolCall call = new(tools.Save, []) { Lines = line => isThere |= line.StartsWith(Beginning) };
            await runner.RunAsync(call, cancellation);
            if (isThere)
            {
                found.Add(tools.Save);
            }
        }

        return found;
    }
}
