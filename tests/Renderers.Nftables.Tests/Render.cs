using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Tests;

/// <summary>Renders to lines.</summary>
internal static class Render
{
    public static string[] Full(FamilyRules rules, NftablesOptions? options = null) =>
        Lines(output => NftablesRenderer.WriteFull(rules, options ?? NftablesOptions.Default, output));

    public static string[] Update(FamilyChange change, NftablesOptions? options = null) =>
        Lines(output => NftablesRenderer.WriteUpdate(change, options ?? NftablesOptions.Default, output));

    private static string[] Lines(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
