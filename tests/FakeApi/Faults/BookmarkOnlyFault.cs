namespace KubeProxySharp.FakeApi.Faults;

/// <summary>From now on the watch sends bookmarks in the place of events.</summary>
public sealed record BookmarkOnlyFault : WatchFault;
