namespace KubeProxySharp.Renderers.Iptables;

/// <summary>What the host's iptables and kernel offer; the defaults are those of a usual node.</summary>
public sealed record IptablesOptions
{
    /// <summary>The nfacct object that counts dropped INVALID packets (spec 1.6).</summary>
    public const string InvalidDropCounterName = "ct_state_invalid_dropped_pkts";

    /// <summary>The nfacct object that counts packets to node ports on localhost (spec 1.6).</summary>
    public const string LocalhostCounterName = "localhost_nps_accepted_pkts";

    /// <summary>The options of a usual node.</summary>
    public static IptablesOptions Default { get; } = new();

    /// <summary>Whether the nfacct object <see cref="InvalidDropCounterName"/> exists; the rule is written without it otherwise.</summary>
    public bool HasInvalidDropCounter { get; init; } = true;

    /// <summary>
    /// Whether the nfacct object <see cref="LocalhostCounterName"/> exists; without it the rules that exist only to count
    /// are left out.
    /// </summary>
    public bool HasLocalhostCounter { get; init; } = true;

    /// <summary>Whether MASQUERADE knows <c>--random-fully</c> (iptables 1.6.2 and later).</summary>
    public bool HasRandomFully { get; init; } = true;
}
