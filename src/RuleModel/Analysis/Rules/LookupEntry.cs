using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A key of a set or map, read; parts that the key does not have are zero.</summary>
/// <param name="Protocol">The protocol.</param>
/// <param name="Source">The source address.</param>
/// <param name="SourcePort">The source port.</param>
/// <param name="DestinationPort">The destination port.</param>
/// <param name="Number">The random number.</param>
/// <param name="Value">The index of the value.</param>
internal readonly record struct LookupEntry(ProtocolSet Protocol, UInt128 Source, ushort SourcePort, ushort DestinationPort, int Number, int Value)
    : IComparable<LookupEntry>
{
    public int CompareTo(LookupEntry other)
    {
        int order = Protocol.CompareTo(other.Protocol);
        order = order != 0 ? order : Source.CompareTo(other.Source);
        order = order != 0 ? order : SourcePort.CompareTo(other.SourcePort);
        order = order != 0 ? order : DestinationPort.CompareTo(other.DestinationPort);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }
}
