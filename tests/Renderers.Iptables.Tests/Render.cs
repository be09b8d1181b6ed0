using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Iptables.Tests;

internal static class Render
{
    public static string Listing(FamilyRules rules, IptablesOptions? options = null) =>
        Text(output => IptablesRenderer.WriteListing(rules, options ?? IptablesOptions.Default, output));

    public static string Full(FamilyRules rules) => Text(output => IptablesRenderer.WriteFullRestore(rules, default, IptablesOptions.Default, output));

    public static string Partial(FamilyChange change) => Text(output => IptablesRenderer.WritePartialRestore(change, IptablesOptions.Default, output));

    /// <summary>Number of rules of a table, jump rules in built-in chains not counted.</summary>
    public static (int Filter, int Nat) CountRules(FamilyRules rules)
    {
        string[] tables = Full(rules).Split("COMMIT\n");
        return (Count(tables[0]), Count(tables[1]));

        static int Count(string table) => table.Split('\n').Count(line => line.StartsWith("-A ", StringComparison.Ordinal));
    }

    private static string Text(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
