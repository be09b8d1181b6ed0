using System.Text;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>Finds out, once at the start, whether nft and the kernel can do what the rules need (spec 6.1).</summary>
internal static partial class NftablesProbe
{
    /// <summary>The variable with which kube-proxy skips the test of the kernel's version; any text will do.</summary>
    public const string SkipKernelCheck = "KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK";

    private static readonly Version s_leastKernel = new(5, 13);
    private static readonly Version s_leastNft = new(1, 0, 1);

    /// <summary>Checks that the kernel takes everything that rules can need, as netlink messages.</summary>
    /// <returns>Why not; empty if it does.</returns>
    /// <exception cref="ApplierException">The kernel is too old.</exception>
    public static async Task<string> TryNetlinkAsync(INftablesWriter writer, IpFamily family, CancellationToken cancellation)
    {
        await CheckKernelAsync(cancellation);
        ApplyResult result = await writer.TryAsync(NftablesProbeRules.Of(family), cancellation);
        return result.Error;
    }

    /// <summary>Checks that nft and the kernel take rules that count connections.</summary>
    /// <returns>Why not; empty if they do.</returns>
    public static async Task<string> TryCountersAsync(IReadOnlyList<IpFamily> families, NftablesOptions options, ProcessRunner runner, CancellationToken cancellation)
    {
        foreach (IpFamily family in families)
        {
            ApplyResult result = await new NftProgramWriter(family, runner, options).TryAsync(NftablesProbeRules.Of(family), cancellation);
            if (result.Error.Length != 0)
            {
                return result.Error;
            }
        }

        return "";
    }

    /// <summary>Asks nft and the kernel.</summary>
    /// <exception cref="ApplierException">They are too old, missing or not permitted.</exception>
    public static async Task<NftablesOptions> AskAsync(ProcessRunner runner, CancellationToken cancellation)
    {
        await CheckKernelAsync(cancellation);
        ProcessResult version = await runner.RunAsync(new("nft", "--version"), cancellation);
        CheckVersion(version.IsSuccess ? version.Output : throw new ApplierException($"nftables mode needs the nft tool: {version.Describe("nft --version")}"));
        if ((await CheckAsync(runner, """ { comment "test" ; }""", cancellation)).IsSuccess)
        {
            return NftablesOptions.Default;
        }

        ProcessResult plain = await CheckAsync(runner, "", cancellation);
        return plain.IsSuccess
            ? NftablesOptions.Default with { HasObjectComments = false }
            : throw new ApplierException($"nftables mode does not work on this host; it needs CAP_NET_ADMIN and a kernel with nf_tables: {plain.Describe("nft --check")}");
    }

    /// <summary>Looks at the output of <c>nft --version</c>.</summary>
    public static void CheckVersion(string output)
    {
        Match match = Number().Match(output);
        if (!match.Success || !Version.TryParse(match.Value, out Version? version) || version < s_leastNft)
        {
            throw new ApplierException($"nftables mode needs nft {s_leastNft} or later; nft --version says: {output.Trim()}");
        }
    }

    private static async Task CheckKernelAsync(CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(SkipKernelCheck)))
        {
            CheckKernel(await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellation));
        }
    }

    /// <summary>Looks at the kernel's release.</summary>
    public static void CheckKernel(string release)
    {
        Match match = Number().Match(release);
        if (match.Success && Version.TryParse(match.Value, out Version? version) && version < s_leastKernel)
        {
            throw new ApplierException($"nftables mode needs kernel {s_leastKernel} or later, this is {release.Trim()}; set {SkipKernelCheck}=1 if it has what is needed all the same");
        }
    }

    private static async Task<ProcessResult> CheckAsync(ProcessRunner runner, string suffix, CancellationToken cancellation)
    {
        using SealedInput input = SealedInput.Of(Encoding.ASCII.GetBytes($"add table ip kube-proxy{suffix}\n"));
        return await runner.RunAsync(new("nft", "--check", "-f", "-"), input, cancellation);
    }

    [GeneratedRegex("[0-9]+(\\.[0-9]+){1,3}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
