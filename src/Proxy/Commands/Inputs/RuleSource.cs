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

/// <summary>Reads the rules of this node with the tools of the mode, or saved ones from files.</summary>
internal static class RuleSource
{
    /// <summary>The longest listing: ten times that of a cluster with 100,000 endpoints.</summary>
    private const int MostBytes = 512 * 1024 * 1024;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>Reads files; what each holds shows by its beginning.</summary>
    /// <exception cref="InputException">A file is too long, or of none of the kinds.</exception>
    public static IReadOnlyList<Ruleset> ReadFiles(IReadOnlyList<string> paths, IReadOnlyList<IpFamily> families)
    {
        Dictionary<IpFamily, Ruleset> read = [];
        foreach (string path in paths)
        {
            byte[] content = new FileInfo(path).Length <= MostBytes
                ? File.ReadAllBytes(path)
                : throw new InputException($"{path}: longer than {MostBytes >> 20} MB; give the listing of one node");
            try
            {
                ReadFile(content, families, read);
            }
            catch (RuleTextException e)
            {
                throw new InputException($"{path}: {e.Message}; give what iptables-save, ip6tables-save, \"nft list ruleset\" or \"nft -j list ruleset\" print");
            }
        }

        return [.. families.Where(read.ContainsKey).Select(family => read[family])];
    }

    /// <summary>Asks the kernel.</summary>
    /// <param name="runner">Runs the tools.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="variant">One of <see cref="IptablesVariants"/>.</param>
    /// <param name="families">The families.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">A tool is missing, or not permitted.</exception>
    public static async Task<IReadOnlyList<Ruleset>> ReadLiveAsync(
        ProcessRunner runner, string mode, string variant, IReadOnlyList<IpFamily> families, CancellationToken cancellation)
    {
        Dictionary<IpFamily, Ruleset> read = [];
        if (mode == ProxyMode.Nftables)
        {
            // nft reads again by itself when something was committed meanwhile; this is for the moment of a commit alone.
            (byte[] json, _, _) = await ConsistentListing.ReadAsync(
                runner.Network, stop => ListAsync(runner, new("nft", "-j", "list", "ruleset"), stop), static (_, _) => false, cancellation);
            ReadJson(json, families, read);
            return [.. families.Select(family => read[family])];
        }

        IptablesVariant chosen = variant switch
        {
            IptablesVariants.Nft => IptablesVariant.Nft,
            IptablesVariants.Legacy => IptablesVariant.Legacy,
            _ => await IptablesProbe.ChooseAsync(runner, cancellation),
        };
        foreach (IpFamily family in families)
        {
            ReadSave(await ListSteadyAsync(runner, new IptablesTools(family, chosen), cancellation), family, read);
        }

        return [.. families.Select(family => read[family])];
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
        if (output.Length > MostBytes)
        {
            throw new InputException($"{call.Tool} lists more than {MostBytes >> 20} MB of rules");
        }

        return result.IsSuccess
            ? output.ToArray()
            : throw new InputException($"the rules cannot be listed, which needs root (CAP_NET_ADMIN): {result.Describe(call.Tool)}");
    }

    private static void ReadFile(byte[] content, IReadOnlyList<IpFamily> families, Dictionary<IpFamily, Ruleset> read)
    {
        switch (RuleText.KindOf(content))
        {
            case RuleTextKind.NftJson:
                ReadJson(content, families, read);
                break;
            case RuleTextKind.NftScript:
                NftScriptReader.Read(content, RulesetsOf(families, read));
                break;
            case RuleTextKind.IptablesSave:
                ReadSave(content, IpFamily.IPv4, read);
                break;
            case RuleTextKind.Ip6tablesSave:
                ReadSave(content, IpFamily.IPv6, read);
                break;
            case RuleTextKind.None when content.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8):
                // It says what is wrong with it.
                ReadJson(content, families, read);
                break;
            default:
                ReadSave(content, families.Contains(IpFamily.IPv4) ? IpFamily.IPv4 : IpFamily.IPv6, read);
                break;
        }
    }

    private static void ReadJson(byte[] json, IReadOnlyList<IpFamily> families, Dictionary<IpFamily, Ruleset> read) =>
        NftJsonReader.Read(json, RulesetsOf(families, read));

    private static void ReadSave(byte[] text, IpFamily family, Dictionary<IpFamily, Ruleset> read) =>
        IptablesSaveReader.Read(text, RulesetOf(family, read));

    private static Ruleset[] RulesetsOf(IReadOnlyList<IpFamily> families, Dictionary<IpFamily, Ruleset> read) =>
        [.. families.Select(family => RulesetOf(family, read))];

    private static Ruleset RulesetOf(IpFamily family, Dictionary<IpFamily, Ruleset> read)
    {
        if (!read.TryGetValue(family, out Ruleset? rules))
        {
            rules = new(family);
            read.Add(family, rules);
        }

        return rules;
    }
}
