using KubeProxySharp.Proxy.Logging;

namespace KubeProxySharp.Proxy.Run;

/// <summary>Stands in for the parts that keep and remove rules, in a build that has none: refuses plainly.</summary>
internal static class MissingAgent
{
    /// <inheritdoc cref="Run.RunAgent"/>
    public static Task<int> RunAsync(RunOptions options, AgentLogging logging, CancellationToken cancellationToken) =>
        Task.FromException<int>(new NotSupportedException("this build of kube-proxy-sharp has no agent: it can print rules (dry-run), not keep them"));

    /// <inheritdoc cref="Run.CleanUp"/>
    public static Task<bool> CleanUpAsync(RunOptions options, AgentLogging logging, CancellationToken cancellationToken) =>
        options.IsCleanup
            ? Task.FromException<bool>(new NotSupportedException("this build of kube-proxy-sharp has no agent: it cannot remove rules"))
            : Task.FromResult(true);
}
