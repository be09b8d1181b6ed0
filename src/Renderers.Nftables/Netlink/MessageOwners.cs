using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>Which Service each message of a batch belongs to: messages of one follow one another, so beginnings are enough.</summary>
public sealed class MessageOwners
{
    private readonly List<(uint First, NamespacedName? Service)> _ranges = [];

    /// <summary>The Service that messages belong to from now on; null for none.</summary>
    internal NamespacedName? Current => _ranges.Count == 0 ? null : _ranges[^1].Service;

    /// <summary>The Service that a message belongs to; null if it belongs to none.</summary>
    /// <param name="sequence">Its sequence number.</param>
    public NamespacedName? Find(uint sequence)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _ranges[middle].First <= sequence ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? null : _ranges[low - 1].Service;
    }

    /// <summary>Begins the messages of a Service, or of none, at a sequence number that is not below that of the last call.</summary>
    internal void Begin(uint first, NamespacedName? service)
    {
        if (_ranges.Count != 0 && _ranges[^1].First == first)
        {
            _ranges.RemoveAt(_ranges.Count - 1); // it has no message
        }

        _ranges.Add((first, service));
    }
}
