using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What becomes of a packet on one way, as far as it matters to those who sent it.</summary>
/// <param name="Verdict">Accepted, dropped or refused.</param>
/// <param name="RejectWith">What a refused client gets.</param>
/// <param name="Target">Where it is sent; null if its destination stays.</param>
/// <param name="TargetPort">The port there; 0 if the port stays.</param>
/// <param name="IsMasqueraded">Whether it leaves with an address of the node.</param>
/// <param name="Remembered">The endpoints that the client is remembered for; empty for none.</param>
/// <param name="Unknown">Statements on the way that are not understood.</param>
public readonly record struct WalkResult(
    WalkVerdict Verdict, string RejectWith, IpAddress? Target, ushort TargetPort, bool IsMasqueraded, string Remembered, string Unknown)
{
    /// <summary>Whether it goes on to where it was sent.</summary>
    public bool IsPassing => Verdict == WalkVerdict.Accept && Target is null;

    /// <summary>In words.</summary>
    public override string ToString()
    {
        string text = Verdict switch
        {
            WalkVerdict.Drop => "dropped",
            WalkVerdict.Reject => $"refused ({RejectWith})",
            _ when Target is { } target => TargetPort == 0 ? target.ToString() : new EndpointAddress(target, TargetPort).ToString(),
            _ => "passes unchanged",
        };
        text = IsPassing && IsMasqueraded ? "passes" : text;
        return text + (IsMasqueraded ? ", masqueraded" : "") + (Remembered.Length == 0 ? "" : ", remembered") + (Unknown.Length == 0 ? "" : $", after \"{Unknown}\"");
    }
}
