using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// Finds out which variant of iptables the host uses, the way the images of kube-proxy do (kubernetes-sigs/iptables-wrappers):
/// that in which the kubelet has its marker chain, else that with more rules, else nft.
/// </summary>
internal static partial class IptablesProbe
{
    private static readonly Version s_least = new(1, 6, 2);

    /// <summary>Chooses the variant of the host, the same for both families.</summary>
    public static async Task<IptablesVariant> ChooseAsync(ProcessRunner runner, CancellationToken cancellation)
    {
        IReadOnlyList<IptablesTools> installed = IptablesTools.Installed(IpFamily.IPv4);
        if (installed.Count < 2)
        {
            return installed.Count == 0 ? IptablesVariant.Plain : installed[0].Variant;
        }

        foreach (IptablesVariant variant in (IptablesVariant[])[IptablesVariant.Nft, IptablesVariant.Legacy])
        {
            if (await CountAsync(runner, variant, ["-t", "mangle"], IsMarker, cancellation) != 0)
            {
                return variant;
            }
        }

        int legacy = await CountAsync(runner, IptablesVariant.Legacy, [], IsRule, cancellation);
        return legacy > await CountAsync(runner, IptablesVariant.Nft, [], IsRule, cancellation) ? IptablesVariant.Legacy : IptablesVariant.Nft;
    }

    /// <summary>Tests whether the tools are there, new enough and permitted to work (spec 5.1, 7.7).</summary>
    /// <exception cref="ApplierException">They are not; the message says why.</exception>
    public static async Task CheckAsync(ProcessRunner runner, IptablesTools tools, CancellationToken cancellation)
    {
        ProcessResult version = await runner.RunAsync(new(tools.Command, "--version"), cancellation);
        CheckVersion(version.IsSuccess ? version.Output : throw new ApplierException($"iptables mode needs {tools.Command}: {version.Describe(tools.Command)}"));
        ProcessResult present = await runner.RunAsync(new(tools.Command, [.. IptablesTools.Wait, "-S", "POSTROUTING", "-t", "nat"]), cancellation);
        if (!present.IsSuccess)
        {
            throw new ApplierException($"iptables does not work for this family; it needs CAP_NET_ADMIN and a kernel with the nat table: {present.Describe(tools.Command)}");
        }
    }

    /// <summary>Looks at the output of <c>iptables --version</c>.</summary>
    public static void CheckVersion(string output)
    {
        Match match = Number().Match(output);
        if (!match.Success || !Version.TryParse(match.Groups["number"].Value, out Version? version) || version < s_least)
        {
            throw new ApplierException($"iptables mode needs iptables {s_least} or later; iptables --version says: {output.Trim()}");
        }
    }

    private static bool IsMarker(ReadOnlySpan<byte> line) => line.StartsWith(":KUBE-IPTABLES-HINT"u8) || line.StartsWith(":KUBE-KUBELET-CANARY"u8);

    private static bool IsRule(ReadOnlySpan<byte> line) => line.StartsWith("-"u8);

    /// <summary>Counts lines of both families; what cannot be listed has none.</summary>
    private static async Task<int> CountAsync(ProcessRunner runner, IptablesVariant variant, string[] arguments, LineTest test, CancellationToken cancellation)
    {
        int count = 0;
        foreach (IpFamily family in (IpFamily[])[IpFamily.IPv4, IpFamily.IPv6])
        {
            ToolCall call = new(new IptablesTools(family, variant).Save, arguments)
            {
                Lines = line => count += test(line) ? 1 : 0,
            };
            await runner.RunAsync(call, cancellation);
        }

        return count;
    }

    private delegate bool LineTest(ReadOnlySpan<byte> line);

    [GeneratedRegex(@"\bv(?<number>[0-9]+(\.[0-9]+){1,3})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
