namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Reads the body of a list or a watch, one object at a time.</summary>
/// <typeparam name="T">The input type.</typeparam>
internal interface IResourceStream<T> : IDisposable
    where T : class
{
    /// <summary>Waits for the next event.</summary>
    /// <returns>Null at the clean end of the body.</returns>
    /// <exception cref="WireException">The body is not what the format allows.</exception>
    /// <exception cref="IOException">The body ended in the middle, or the connection was lost.</exception>
    ValueTask<ResourceEvent<T>?> NextAsync(CancellationToken cancellationToken);
}
