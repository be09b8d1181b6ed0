using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>A commit and what of ours it changed.</summary>
/// <param name="Generation">The commit.</param>
/// <param name="FirstObject">The first object of ours that it changed, in words; null if no message named one.</param>
/// <param name="Rewrites">
/// Whether it both added and removed rules of ours: a replaced rule, or a program that saves all rules and restores them
/// unchanged, as some network policy agents do.
/// </param>
internal readonly record struct Commit(Generation Generation, string? FirstObject, bool Rewrites);
