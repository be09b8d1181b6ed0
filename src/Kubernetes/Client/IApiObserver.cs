namespace KubeProxySharp.Kubernetes.Client;

/// <summary>Hears what the API client does, for metrics and health. Calls come from several tasks and must return at once.</summary>
public interface IApiObserver
{
    /// <summary>A request was answered, or failed without an answer.</summary>
    void OnRequest(in ApiRequestReport report);

    /// <summary>A watch has seen everything up to a resource version.</summary>
    /// <param name="resource">The resource's plural name, such as <c>endpointslices</c>.</param>
    /// <param name="resourceVersion">The version; an opaque text.</param>
    void OnResourceVersion(string resource, string resourceVersion);

    /// <summary>What keeps a resource from being up to date, in words for people; null once it works again.</summary>
    /// <param name="resource">The resource's plural name.</param>
    /// <param name="problem">The problem with its remedy, or null.</param>
    void OnProblem(string resource, string? problem);
}
