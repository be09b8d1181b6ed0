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
    private FamilyRules? _base;

    /// <summary>Follows a change.</summary>
    /// <param name="change">The change.</param>
    /// <returns>How the rules were written, and the first difference.</returns>
    public UpdateResult Follow(FamilyChange change)
    {
        try
        {
            return Write(change);
        }
        catch (FormatException e)
        {
            _base = null; // the next one begins anew
            return new(UpdateKind.Update, "the rules cannot be carried out: " + e.Message);
        }
    }

    private UpdateResult Write(FamilyChange change)
    {
        if (_base is not null && !CanUpdate(change, mode))
        {
            _base = null;
        }

        if (_base is null)
        {
            _written.Replace(FullText(change.After, mode));
            _base = change.After;
            return new(UpdateKind.Full, "");
        }

        if (!ReferenceEquals(_base, change.Before))
        {
            // The kernel refused the update before, so this one builds on the rules before that.
            _written.Replace(FullText(change.Before, mode));
        }

        _base = change.After;
        return change.IsEmpty ? new(UpdateKind.None, "") : new(UpdateKind.Update, Update(change));
    }

    /// <summary>The text that the agent writes for a change: an update, or everything if it cannot be an update.</summary>
    public static string TextOf(FamilyChange change, string mode) => CanUpdate(change, mode) ? UpdateText(change, mode) : FullText(change.After, mode);

    /// <summary>All rules as text.</summary>
    public static string FullText(FamilyRules rules, string mode) => Text(output => RenderedText.Write(rules, mode, output));

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

        string difference = _written.DifferenceFrom(expected) ?? "";
        _base = difference.Length == 0 ? _base : null;
        return difference;
    }

    private static bool CanUpdate(FamilyChange change, string mode) => mode == ProxyMode.Nftables ? NftablesRenderer.CanUpdate(change) : !change.SettingsChanged;

    private static string UpdateText(FamilyChange change, string mode) => Text(output =>
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
