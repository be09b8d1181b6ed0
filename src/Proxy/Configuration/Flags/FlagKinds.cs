using System.Globalization;

namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>Flags of the common types.</summary>
internal static class FlagKinds
{
    public static TypedFlag<string> Text(FlagGroup group, string name, string valueName, string description, string byDefault = "") =>
        new(group, name, valueName, description, byDefault, (text, _) => text, text => text);

    public static TypedFlag<bool> Switch(FlagGroup group, string name, string description, bool byDefault = false) =>
        new(group, name, "", description, byDefault, (text, _) => GoNumber.ReadBoolean(text), value => value ? "true" : "false") { ValueWhenBare = "true" };

    public static TypedFlag<int> Number(FlagGroup group, string name, string description, int byDefault, string? deprecation = null) =>
        new(group, name, "N", description, byDefault, (text, _) => GoNumber.ReadInt32(text), value => value.ToString(CultureInfo.InvariantCulture))
        {
            Deprecation = deprecation,
        };

    public static TypedFlag<float> Decimal(FlagGroup group, string name, string description, float byDefault) =>
        new(group, name, "N", description, byDefault, (text, _) => GoNumber.ReadSingle(text), value => value.ToString(CultureInfo.InvariantCulture));

    public static TypedFlag<TimeSpan> Duration(FlagGroup group, string name, string description, TimeSpan byDefault) =>
        new(group, name, "DURATION", description, byDefault, (text, _) => ReadDuration(text), GoDuration.Format);

    /// <summary>A list: commas separate, and a flag that is given again adds to it.</summary>
    public static TypedFlag<string[]> List(FlagGroup group, string name, string valueName, string description) =>
        new(group, name, valueName, description, [], ReadList, list => $"[{string.Join(',', list)}]");

    private static TimeSpan ReadDuration(string text) =>
        GoDuration.TryParse(text, out TimeSpan duration) ? duration : throw new FlagException($"time: invalid duration {GoText.Quote(text)}");

    private static string[] ReadList(string text, string[]? earlier)
    {
        if (text.Contains('"', StringComparison.Ordinal))
        {
            throw new FlagException("elements of the list have no quotes around them");
        }

        return [.. earlier ?? [], .. text.Length == 0 ? [] : text.Split(',')];
    }
}
