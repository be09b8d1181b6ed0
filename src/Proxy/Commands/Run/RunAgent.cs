using KubeProxySharp.Proxy.Configuration.Run;
using KubeProxySharp.Proxy.Observability.Logging;

namespace KubeProxySharp.Proxy.Commands.Run;

/// <summary>
/// Keeps the rules of the node until it is told to stop; with <see cref="RunOptions.IsInitOnly"/> it ends before the first
/// rule (steps 13 to 15 of spec 11.6).
/// </summary>
/// <returns>The exit code. Faults are thrown; their message is logged.</returns>
internal delegate Task<int> RunAgent(RunOptions options, AgentLogging logging, CancellationToken cancellationToken);
