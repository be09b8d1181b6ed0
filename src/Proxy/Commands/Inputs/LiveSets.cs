using System.Text;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads the ipsets of this node, for rules of this node that name some.</summary>
internal static class LiveSets
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    /// <summary>The longest listing: a million entries of 64 bytes.</summary>
    private const int MostBytes = 64 * 1024 * 1024;

    /// <summary>Reads them. Without rules that name a set ipset is not run: it would load the kernel's module.</summary>
    /// <param name="runner">Runs ipset.</param>
    /// <param name="listings">What iptables-save printed.</param>
    /// <param name="notes">Receives why they are not known.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IpSets> ReadAsync(ProcessRunner runner, IReadOnlyList<byte[]> listings, List<string> notes, CancellationToken cancellation)
    {
        if (!listings.Any(static listing => SetsInRules.AreAsked(listing)))
        {
            return IpSets.None;
        }

        using MemoryStream output = new();
        bool isCutOff = false;
        ProcessResult result = await runner.RunAsync(new("ipset", "save") { Limit = s_limit, Lines = Keep }, cancellation);
        if (!result.IsSuccess || isCutOff)
        {
            string why = isCutOff ? $"ipset lists more than {MostBytes >> 20} MB" : result.Describe("ipset");
            notes.Add($"rules of this node name ipsets, whose contents are not known: {why}. With saved rules (--rules), --ipset FILE gives them");
            return IpSets.None;
        }

        try
        {
            return IpsetSaveReader.Read(Encoding.UTF8.GetString(output.GetBuffer().AsSpan(0, (int)output.Length))).WithChanged([.. listings.SelectMany(static listing => SetsInRules.Changed(listing))]);
        }
        catch (RuleTextException e)
        {
            notes.Add($"rules of this node name ipsets, whose contents are not known: what ipset lists is not understood: {e.Message}");
            return IpSets.None;
        }

        void Keep(ReadOnlySpan<byte> line)
        {
            isCutOff |= output.Length + line.Length >= MostBytes;
            if (!isCutOff)
            {
                output.Write(line);
                output.WriteByte((byte)'\n');
            }
        }
    }
}
