using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi;

/// <summary>What a server is like that comes back. By default nothing has changed.</summary>
public sealed record ComeBackOptions
{
    /// <summary>
    /// It was started anew: connections that hung are torn off, and its watch cache is empty, so that every version
    /// from before is expired (410).
    /// </summary>
    public bool IsRestarted { get; init; }

    /// <summary>It was started anew on the objects and the version of this state, as after a restore of etcd.</summary>
    public StoreState? RolledBackTo { get; init; }
}
