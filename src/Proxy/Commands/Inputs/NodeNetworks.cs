using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Analysis.Routes;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads the interfaces and routes of nodes, from files or of this node.</summary>
internal static class NodeNetworks
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    /// <summary>The longest listing: a full table of the Internet's routes has about 100 MB.</summary>
    private const int MostBytes = 256 * 1024 * 1024;

    /// <summary>Reads the values of <c>--routes</c>: <c>FILE</c> for the node that is asked about, or <c>NODE=FILE</c>.</summary>
    /// <param name="values">The values.</param>
    /// <param name="nodeName">The name of the node that is asked about; empty if it has none.</param>
    /// <param name="openInput">Opens standard input.</param>
    /// <returns>The nodes by name.</returns>
    /// <exception cref="InputException">A file is not what it should be, or a node has two.</exception>
    public static Dictionary<string, NodeNetwork> Read(IReadOnlyList<string> values, string nodeName, Func<Stream> openInput)
    {
        Dictionary<string, NodeNetwork> networks = new(StringComparer.Ordinal);
        foreach (string value in values)
        {
            int sign = value.IndexOf('=', StringComparison.Ordinal);
            bool hasNode = sign > 0 && !value.AsSpan(0, sign).Contains('/');
            string node = hasNode ? value[..sign] : nodeName;
            string path = hasNode ? value[(sign + 1)..] : value;
            if (!networks.TryAdd(node, new IpListing(SavedText.NameOf(path)).Read(SavedText.Read(path, openInput, MostBytes))))
            {
                throw new InputException($"--routes {value}: node {(node.Length == 0 ? "asked about" : node)} has a file already; put the outputs into one file, one after the other");
            }
        }

        return networks;
    }

    /// <summary>Reads those of this node; null, with a remark, when ip cannot list them.</summary>
    public static async Task<NodeNetwork?> ReadLiveAsync(ProcessRunner runner, TextWriter errors, CancellationToken stop)
    {
        using MemoryStream all = new();
        foreach (string[] arguments in (string[][])[["-j", "route", "show", "table", "all"], ["-j", "-d", "addr"], ["-j", "rule"], ["-6", "-j", "rule"]])
        {
            ProcessResult result = await runner.RunAsync(new("ip", arguments) { Limit = s_limit, Output = all }, stop);
            if (!result.IsSuccess || all.Length > MostBytes)
            {
                errors.WriteLine($"note: the routes of this node are not known: {(result.IsSuccess ? "ip lists too many" : result.Describe("ip"))}");
                return null;
            }
        }

        try
        {
            return new IpListing("of this node").Read(all.ToArray());
        }
        catch (InputException e)
        {
            errors.WriteLine($"note: the routes of this node are not known: {e.Message}");
            return null;
        }
    }
}
