using System.Buffers;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads the rules of this node with the tools of the mode.</summary>
internal static class RuleSource
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>Asks the kernel.</summary>
    /// <param name="runner">Runs the tools.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="variant">One of <see cref="IptablesVariants"/>.</param>
    /// <param name="families">The families.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">A tool is missing, or not permitted.</exception>
    public static async Task<SavedRules> ReadLiveAsync(
        ProcessRunner runner, string mode, string variant, IReadOnlyList<IpFamily> families, CancellationToken cancellation)
    {
        if (mode == ProxyMode.Nftables)
        {
            // nft reads again by itself when something was committed meanwhile; this is for the moment of a commit alone.
            (byte[] json, _, _) = await ConsistentListing.ReadAsync(
                runner.Network, stop => ListAsync(runner, new("nft", "-j", "list", "ruleset"), stop), static (_, _) => false, cancellation);
            Ruleset[] rules = [.. families.Select(static family => new Ruleset(family))];
            NftJsonReader.Read(json, rules);
            IReadOnlySet<(IpFamily Family, string Table)> opaque = OpaqueTables.InJson(json);
            return new(rules, [], rules
                .SelectMany(static of => of.Tables, static (of, table) => (of.Family, Table: table))
                .Where(entry => opaque.Contains((entry.Family, entry.Table.Name)))
                .ToDictionary(static entry => entry.Table, static _ => "this node"));
        }

        Dictionary<IpFamily, Ruleset> read = [];
        IptablesVariant chosen = variant switch
        {
            IptablesVariants.Nft => IptablesVariant.Nft,
            IptablesVariants.Legacy => IptablesVariant.Legacy,
            _ => await IptablesProbe.ChooseAsync(runner, cancellation),
        };
        List<byte[]> listings = [];
        foreach (IpFamily family in families)
        {
            listings.Add(await ListSteadyAsync(runner, new IptablesTools(family, chosen), cancellation));
        }

        List<string> notes = [];
        IpSets sets = await LiveSets.ReadAsync(runner, listings, notes, cancellation);
        foreach ((IpFamily family, byte[] listing) in families.Zip(listings))
        {
            Ruleset rules = new(family) { Sets = sets };
            IptablesSaveReader.Read(listing, rules);
            read.Add(family, rules);
        }

        return new([.. families.Select(family => read[family])], notes, new Dictionary<WalkTable, string>());
    }

    private static async Task<byte[]> ListSteadyAsync(ProcessRunner runner, IptablesTools tools, CancellationToken cancellation)
    {
        ToolCall call = new(tools.Save);
        if (tools.Variant == IptablesVariant.Legacy)
        {
            return await ListAsync(runner, call, cancellation); // the kernel gives out a table as a whole
        }

        (byte[] listing, bool isSteady, _) = await ConsistentListing.ReadAsync(
            runner.Network, stop => ListAsync(runner, call, stop), static (one, other) => Digest(one) == Digest(other), cancellation);
        return isSteady
            ? listing
            : throw new InputException($"the rules changed each of the {ConsistentListing.MostTries} times that {call.Tool} listed them; try again when fewer changes are made");
    }

    private static (int Rules, ulong Sum) Digest(byte[] listing)
    {
        RuleDigest digest = new();
        new LineSplitter(digest.Take).Write(listing);
        return digest.Value;
    }

    private static async Task<byte[]> ListAsync(ProcessRunner runner, ToolCall call, CancellationToken cancellation)
    {
        using MemoryStream output = new();
        ProcessResult result = await runner.RunAsync(
            // As it is: nft writes all of its JSON in one line.
            call with { Limit = s_limit, Output = output },
            cancellation);
        if (output.Length > SavedText.MostBytes)
        {
            throw new InputException($"{call.Tool} lists more than {SavedText.MostBytes >> 20} MB of rules");
        }

        return result.IsSuccess
            ? output.ToArray()
            : throw new InputException($"the rules cannot be listed, which needs root (CAP_NET_ADMIN): {result.Describe(call.Tool)}");
    }
}
