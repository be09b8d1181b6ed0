namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What a packet's source was given as.</summary>
internal enum PacketSourceKind : byte
{
    /// <summary>An address.</summary>
    Address,

    /// <summary>A Pod.</summary>
    Pod,

    /// <summary>The node itself.</summary>
    Node,

    /// <summary>Somebody outside of the cluster.</summary>
    Outside,
}
