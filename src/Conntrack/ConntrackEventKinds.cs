namespace KubeProxySharp.Conntrack;

/// <summary>Kinds of conntrack events; the values are the bits of their multicast groups (<c>enum nfnetlink_groups</c>).</summary>
[Flags]
public enum ConntrackEventKinds : uint
{
    /// <summary>No kind.</summary>
    None = 0,

    /// <summary>A flow came into the table.</summary>
    New = 1 << 0,

    /// <summary>A flow changed.</summary>
    Update = 1 << 1,

    /// <summary>A flow left the table.</summary>
    Destroy = 1 << 2,

    /// <summary>All kinds.</summary>
    All = New | Update | Destroy,
}
