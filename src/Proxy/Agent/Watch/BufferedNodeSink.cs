using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>Keeps what is reported of the Node until the sync loop exists, whose settings need the Node.</summary>
internal sealed class BufferedNodeSink : IResourceSink<Node>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NamespacedName, Node> _kept = [];
    private bool _isListed;
    private IResourceSink<Node>? _next;

    /// <summary>Hands over what is kept, and all that comes from now on.</summary>
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
