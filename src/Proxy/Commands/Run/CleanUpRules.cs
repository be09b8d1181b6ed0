using KubeProxySharp.Proxy.Configuration.Run;
using KubeProxySharp.Proxy.Observability.Logging;

namespace KubeProxySharp.Proxy.Commands.Run;

/// <summary>
/// Removes rules: with <see cref="RunOptions.IsCleanup"/> those of every mode, else those that the mode of the
/// configuration does not use (spec 14.1, 14.2).
/// </summary>
/// <returns>Whether everything is gone.</returns>
internal delegate Task<bool> CleanUpRules(RunOptions options, AgentLogging logging, CancellationToken cancellationToken);
