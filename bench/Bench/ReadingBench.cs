using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Bench;

/// <summary>
/// Reads a dump and sends one packet through it, once, in a process of its own: what counts is a program that was just
/// started, not one that is warm.
/// </summary>
internal static class ReadingBench
{
    /// <summary>Writes the rules of a cluster for both tools.</summary>
    public static void Write(string directory, int services, int endpoints)
    {
        FamilyRules rules = UniformCluster.Build(services, endpoints).Builder.Current.IPv4;
        ArrayBufferWriter<byte> text = new();
        IptablesRenderer.WriteListing(rules, IptablesOptions.Default, text);
        File.WriteAllBytes(Path.Combine(directory, "iptables-save.txt"), text.WrittenSpan);
        text = new();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, text);
        File.WriteAllBytes(Path.Combine(directory, "script.nft"), text.WrittenSpan);
    }

    public static void Run(string path, TextWriter output)
    {
        byte[] text = File.ReadAllBytes(path);
        WalkPacket packet = new(AddressRange.Of(IpAddress.Parse("10.128.0.77")), IpAddress.Parse("10.96.0.5"), TransportProtocol.Tcp, 80) { InputInterface = "eth0" };
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        Ruleset rules = new(IpFamily.IPv4);
        switch (text[0])
        {
            case (byte)'{':
                NftJsonReader.Read(text, rules);
                break;
            case (byte)'*' or (byte)'#':
                IptablesSaveReader.Read(text, rules);
                break;
            default:
                NftScriptReader.Read(text, rules);
                break;
        }

        TimeSpan read = Stopwatch.GetElapsedTime(start);
        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(rules, new NodeView([])).Walk(packet);
        TimeSpan walked = Stopwatch.GetElapsedTime(start);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{walked.TotalMilliseconds,6:f0} {read.TotalMilliseconds,6:f0} {allocated / 1e6,6:f0} {text.Length / 1e6,6:f1}  {outcomes.Count} paths"));
    }
}
