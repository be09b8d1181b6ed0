using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>Buffers reports of the Node until the sync loop exists, because the settings of the loop depend on the Node.</summary>
internal sealed class BufferedNodeSink : IResourceSink<Node>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NamespacedName, Node> _kept = [];
    private bool _isListed;
    private IResourceSink<Node>? _next;

    /// <summary>Passes on what is buffered and all later reports.</summary>
    public void Connect(IResourceSink<Node> next)
    {
        lock (_gate)
        {
            foreach (Node node in _kept.Values)
            {
                next.Put(node);
            }

            if (_isListed)
            {
                next.Listed();
            }

            _kept.Clear();
            _next = next;
        }
    }

    /// <inheritdoc/>
    public void Put(Node value)
    {
        lock (_gate)
        {
            if (_next is null)
            {
                _kept[new("", value.Name)] = value;
            }
            else
            {
                _next.Put(value);
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(NamespacedName name)
    {
        lock (_gate)
        {
            _kept.Remove(name);
            _next?.Remove(name);
        }
    }

    /// <inheritdoc/>
    public void Listed()
    {
        lock (_gate)
        {
            _isListed = true;
            _next?.Listed();
        }
    }
}
