namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>What became of groups of Services that were tried one after the other.</summary>
/// <param name="Taken">How many of the first ones the kernel would take.</param>
/// <param name="Next">The result of the group after these; applied if nothing is known of it, because there is none or it was not tried.</param>
internal readonly record struct GroupTrial(int Taken, ApplyResult Next);
