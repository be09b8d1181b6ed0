namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The parts of a packet that sets and maps are looked up by.</summary>
public enum PacketField : byte
{
    /// <summary>Source address.</summary>
    Source,

    /// <summary>Destination address.</summary>
    Destination,

    /// <summary>Transport protocol.</summary>
    Protocol,

    /// <summary>Source port.</summary>
    SourcePort,

    /// <summary>Destination port.</summary>
    DestinationPort,

    /// <summary>A random number from 0 to n-1.</summary>
    Random,
}
