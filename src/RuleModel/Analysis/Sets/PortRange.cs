namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Ports from a first to a last.</summary>
/// <param name="First">The first port.</param>
/// <param name="Last">The last port, not before the first.</param>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>The number of ports.</summary>
    public int Count => Last - First + 1;

    /// <summary>Whether a port is inside.</summary>
    public bool Contains(int port) => port >= First && port <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? FormattableString.Invariant($"{First}") : FormattableString.Invariant($"{First}-{Last}");
}
