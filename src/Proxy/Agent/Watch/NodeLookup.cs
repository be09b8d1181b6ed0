using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Waits at start until the Node object has what the agent needs (spec 7.3), and passes all reports of it on to the feed.
/// </summary>
/// <param name="name">Name of the node.</param>
/// <param name="next">Receives all reports.</param>
/// <param name="waits">Reports what the start waits for.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class NodeLookup(string name, IResourceSink<Node> next, StartupWait waits, ILogger log, TimeProvider time) : IResourceSink<Node>
{
    private static readonly TimeSpan s_nodeTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_podCidrTimeout = TimeSpan.FromMinutes(5);
    private readonly WakeSignal _wake = new(time);
    private volatile bool _isListed;
    private volatile Node? _node;

    /// <summary>The Node, or null while it does not exist.</summary>
    public Node? Node => _node;

    /// <inheritdoc/>
    public void Put(Node value)
    {
        if (value.Name == name)
        {
            _node = value;
        }

        next.Put(value);
        _wake.Set();
    }

    /// <inheritdoc/>
    public void Remove(NamespacedName name) => next.Remove(name);

    /// <inheritdoc/>
    public void Listed()
    {
        _isListed = true;
        next.Listed();
        _wake.Set();
    }

    /// <summary>Waits until the API server answers, without limit; then until the Node has an address, at most 30 s; and, if needed, for its pod CIDR, at most 5 minutes more.</summary>
    /// <param name="needsPodCidr">Whether local traffic is recognised by the pod CIDR.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    /// <exception cref="ConfigurationException">There is no pod CIDR in time.</exception>
    public async Task WaitAsync(bool needsPodCidr, CancellationToken cancellation)
    {
        await waits.UntilAsync(UntilAsync(() => _isListed, Timeout.InfiniteTimeSpan, cancellation), $"the API server to answer for Node \"{name}\"");
        Task<bool> address = UntilAsync(() => _node is { } node && HasAddress(node), s_nodeTimeout, cancellation);
        if (!await waits.UntilAsync(address, $"Node \"{name}\" to exist and have an address, at most {s_nodeTimeout.TotalSeconds} s"))
        {
            LogNoNode(name);
        }

        if (!needsPodCidr)
        {
            return;
        }

        Task<bool> podCidr = UntilAsync(() => _node is { PodCidrs.IsEmpty: false }, s_podCidrTimeout, cancellation);
        if (await waits.UntilAsync(podCidr, $"spec.podCIDRs of Node \"{name}\", at most {s_podCidrTimeout.TotalMinutes} min"))
        {
            return;
        }

        throw new ConfigurationException(_node is null
            ? $"timeout waiting for node \"{name}\" to exist"
            : $"timeout waiting for PodCIDR allocation on node \"{name}\"");
    }

    private static bool HasAddress(Node node)
    {
        foreach (NodeAddress address in node.Addresses)
        {
            if (address.Type is "InternalIP" or "ExternalIP")
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        while (!condition())
        {
            TimeSpan left = limit == Timeout.InfiniteTimeSpan ? limit : limit - time.GetElapsedTime(start);
            if (left < TimeSpan.Zero && limit != Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            await _wake.WaitAsync(left, cancellation);
        }

        return true;
    }

    [LoggerMessage(EventId = 5020, Level = LogLevel.Error, Message = "Node {Name} does not exist or has no address; continuing without it")]
    private partial void LogNoNode(string name);
}
