using System.Text;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.CleanUp;

/// <summary>Deletes the table of a family (spec 14.2). A host where nft does not work has none, and is skipped silently.</summary>
internal static class NftablesCleanUp
{
    public static async Task RunAsync(ProcessRunner runner, IpFamily family, CleanUpResult result, CancellationToken cancellation)
    {
        string table = $"{NftNames.FamilyName(family)} {NftNames.Table}";
        if (!(await RunAsync(runner, $"add table {table}\n", ["--check"], cancellation)).IsSuccess)
        {
            return;
        }

        ProcessResult deleted = await RunAsync(runner, $"delete table {table}\n", [], cancellation);
        if (deleted.IsSuccess)
        {
            result.Done($"nftables table {table}");
        }
        else if (!deleted.Error.Contains("No such file or directory", StringComparison.Ordinal))
        {
            result.Failed($"nftables table {table} stays: {deleted.Describe("nft")}");
        }
    }

    private static async Task<ProcessResult> RunAsync(ProcessRunner runner, string script, string[] arguments, CancellationToken cancellation)
    {
        using SealedInput input = SealedInput.Of(Encoding.ASCII.GetBytes(script));
        return await runner.RunAsync(new("nft", [.. arguments, "-f", "-"]), input, cancellation);
    }
}
