using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>Numbers of flows by verdict and protocol.</summary>
public sealed class FlowCounts
{
    private static readonly TransportProtocol[] s_protocols = [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp];

    private readonly long[] _counts = new long[FlowVerdicts.Count * s_protocols.Length];

    /// <summary>The number for a verdict and a protocol.</summary>
    public long this[FlowVerdict verdict, TransportProtocol protocol] => _counts[Index(verdict, protocol)];

    /// <summary>The number for a verdict, for all protocols.</summary>
    public long this[FlowVerdict verdict] =>
        this[verdict, TransportProtocol.Tcp] + this[verdict, TransportProtocol.Udp] + this[verdict, TransportProtocol.Sctp];

    /// <summary>The number for all verdicts and protocols.</summary>
    public long Total => _counts.Sum();

    /// <summary>All numbers that are not 0.</summary>
    public IEnumerable<(FlowVerdict Verdict, TransportProtocol Protocol, long Count)> NonZero()
    {
        for (int index = 0; index < _counts.Length; index++)
        {
            if (_counts[index] != 0)
            {
                yield return ((FlowVerdict)(index / s_protocols.Length), s_protocols[index % s_protocols.Length], _counts[index]);
            }
        }
    }

    /// <summary>Decrements a count.</summary>
    internal void Uncount(FlowVerdict verdict, byte protocol) => _counts[Index(verdict, (TransportProtocol)protocol)]--;

    /// <summary>Subtracts other counts.</summary>
    internal void Subtract(FlowCounts others)
    {
        for (int index = 0; index < _counts.Length; index++)
        {
            _counts[index] -= others._counts[index];
        }
    }

    /// <summary>Resets all counts to 0.</summary>
    internal void Clear() => Array.Clear(_counts);

    internal void Count(FlowVerdict verdict, byte protocol) => _counts[Index(verdict, (TransportProtocol)protocol)]++;

    private static int Index(FlowVerdict verdict, TransportProtocol protocol) =>
        ((int)verdict * s_protocols.Length) + Math.Max(0, Array.IndexOf(s_protocols, protocol));
}
