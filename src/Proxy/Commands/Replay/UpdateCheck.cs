using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>
/// Checks, for one family, that the update which the agent writes for a change leads to the rules that it would write at once. An update
/// that is wrong is found here without a kernel.
/// </summary>
/// <param name="mode">iptables or nftables.</param>
internal sealed class UpdateCheck(string mode)
{
    private readonly IWrittenRules _written = Empty(mode);
    private bool _hasBegun;
    private FamilyRules? _base;

    /// <summary>Follows a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="isFromScratch">Whether the model was built anew: the agent then writes everything.</param>
    /// <returns>How the rules were written, and the first difference.</returns>
    public UpdateResult Follow(FamilyChange change, bool isFromScratch)
    {
        UpdateKind kind = !_hasBegun || isFromScratch || !CanUpdate(change, mode) ? UpdateKind.Full : change.IsEmpty ? UpdateKind.None : UpdateKind.Update;
        _hasBegun = true;
        try
        {
            string difference = Write(change, kind);
            _base = difference.Length == 0 ? change.After : null; // null: the next one builds on what it should
            return new(kind, difference);
        }
        catch (FormatException e)
        {
            _base = null;
            return new(kind, "the rules cannot be carried out: " + e.Message);
        }
    }

    private string Write(FamilyChange change, UpdateKind kind)
    {
        if (kind == UpdateKind.Full)
        {
            _written.Replace(FullText(change.After, mode));
            return "";
        }

        if (!ReferenceEquals(_base, change.Before))
        {
            // The update before was refused, or wrong.
            _written.Replace(FullText(change.Before, mode));
        }

        return kind == UpdateKind.None ? "" : Update(change);
    }

    /// <summary>All rules as text.</summary>
    public static string FullText(FamilyRules rules, string mode) => Text(output => RenderedText.Write(rules, mode, output));

    /// <summary>The update that the agent writes for a change, as text.</summary>
    /// <param name="change">A change that can be written as an update.</param>
    /// <param name="mode">iptables or nftables.</param>
    public static string UpdateText(FamilyChange change, string mode) => Text(output =>
    {
        if (mode == ProxyMode.Nftables)
        {
            NftablesRenderer.WriteUpdate(change, NftablesOptions.Default, output);
        }
        else
        {
            _ = IptablesRenderer.WritePartialRestore(change, IptablesOptions.Default, output);
        }
    });

    private string Update(FamilyChange change)
    {
        IWrittenRules expected = Empty(mode);
        expected.Replace(FullText(change.After, mode));
        _written.Update(UpdateText(change, mode));
        if (mode == ProxyMode.Nftables && NftablesRenderer.StaleChains(change) is { Count: > 0 } stale)
        {
            // As the agent does a second later.
            _written.Update(Text(output => NftablesRenderer.WriteCleanUp(change.After.Family, stale, output)));
        }

        return _written.DifferenceFrom(expected) ?? "";
    }

    private static bool CanUpdate(FamilyChange change, string mode) => mode == ProxyMode.Nftables ? NftablesRenderer.CanUpdate(change) : !change.SettingsChanged;

    private static IWrittenRules Empty(string mode) => mode == ProxyMode.Nftables ? new NftablesRules() : new IptablesRules();

    private static string Text(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

/// <summary>How the agent writes a change.</summary>
internal enum UpdateKind : byte
{
    /// <summary>Nothing changed.</summary>
    None,

    /// <summary>Only what changed.</summary>
    Update,

    /// <summary>Everything.</summary>
    Full,
}

/// <summary>What came of the check.</summary>
/// <param name="Kind">How the rules were written.</param>
/// <param name="Difference">The first difference from rules that are written at once; empty if there is none.</param>
internal readonly record struct UpdateResult(UpdateKind Kind, string Difference);
