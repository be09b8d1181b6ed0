using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>
/// Receives what a watch sees of one resource, in order, on the task that reads the stream. It must return at once: the
/// server closes the watch of a slow reader.
/// </summary>
/// <typeparam name="T">The input type of the rule model.</typeparam>
public interface IResourceSink<in T>
{
    /// <summary>The object is there, new or changed.</summary>
    void Put(T value);

    /// <summary>The object is gone. Objects that vanished while nobody watched are reported after the next listing.</summary>
    void Remove(NamespacedName name);

    /// <summary>A listing is complete: everything that the server has was put, everything else removed. Comes again after every new listing.</summary>
    void Listed();
}
