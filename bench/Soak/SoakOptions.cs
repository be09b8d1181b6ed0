using System.Globalization;

namespace KubeProxySharp.Soak;

/// <summary>The command line.</summary>
internal sealed record SoakOptions
{
    public const string Usage = "usage: Soak --program FILE --work DIRECTORY [--minutes N] [--mode nftables|nft|legacy] [--services N] [--endpoints N]";

    /// <summary>The most Services whose cluster IPs stay clear of those of the dialled ones.</summary>
    private const int MostServices = 30_000;

    /// <summary>The agent.</summary>
    public string Program { get; init; } = "";

    /// <summary>Where its log and configuration go.</summary>
    public string Work { get; init; } = "";

    public int Minutes { get; init; } = 20;

    /// <summary>nftables, or the variant of iptables.</summary>
    public string Mode { get; init; } = "nftables";

    public int Services { get; init; } = 10_000;

    public int Endpoints { get; init; } = 3;

    public bool IsNftables => Mode == "nftables";

    /// <summary>Reads the arguments.</summary>
    /// <returns>Null when they are not understood.</returns>
    public static SoakOptions? Parse(string[] arguments)
    {
        SoakOptions options = new();
        for (int index = 0; index < arguments.Length; index += 2)
        {
            string value = index + 1 < arguments.Length ? arguments[index + 1] : "";
            SoakOptions? next = arguments[index] switch
            {
                "--program" when value.Length > 0 => options with { Program = value },
                "--work" when value.Length > 0 => options with { Work = value },
                "--minutes" when Number(value) is { } number and > 0 => options with { Minutes = number },
                "--mode" when value is "nftables" or "nft" or "legacy" => options with { Mode = value },
                "--services" when Number(value) is { } number and >= 100 and <= MostServices => options with { Services = number },
                "--endpoints" when Number(value) is { } number and > 0 and <= 128 => options with { Endpoints = number },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options.Program.Length > 0 && options.Work.Length > 0 ? options : null;
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
