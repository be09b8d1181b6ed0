using System.Text;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>The rules that <c>dry-run</c> prints, in the form in which those of the kernel are read.</summary>
internal static class DryRunRules
{
    /// <summary>Makes them of a file with objects.</summary>
    /// <param name="objects">Path of the objects.</param>
    /// <param name="configuration">Path of the configuration, with the mode.</param>
    /// <param name="mode">The mode, one of <see cref="ProxyMode"/>.</param>
    /// <param name="nodeName">Name of the node.</param>
    /// <param name="addresses">Addresses on the node's interfaces.</param>
    /// <param name="family">The family.</param>
    public static IReadOnlyList<string> Make(string objects, string configuration, string mode, string nodeName, IReadOnlyList<IpAddress> addresses, IpFamily family)
    {
        MemoryStream output = new();
        StringWriter errors = new();
        DryRunOptions options = new()
        {
            Paths = [objects],
            ConfigPath = configuration,
            NodeName = nodeName,
            NodeAddresses = addresses,
            Families = [family],
        };

        int exitCode = new DryRunCommand(static () => Stream.Null, () => output, errors).Run(options);

        exitCode.Should().Be(ExitCode.Success, errors.ToString());
        string text = Encoding.UTF8.GetString(output.ToArray());
        return mode == ProxyMode.Nftables ? Loaded(text, family) : TestNode.Canonical(text);
    }

    /// <summary>nft prints a table in another form than it is written in: only the kernel makes them comparable.</summary>
    private static IReadOnlyList<string> Loaded(string script, IpFamily family)
    {
        IReadOnlyList<string> table = [];
        NetworkNamespace.Run(() =>
        {
            ChildProcess.Run("nft", script, "-f", "-");
            table = NftTable.List(family == IpFamily.IPv4 ? "ip" : "ip6");
        });
        return table;
    }
}
