using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The elements of one map that are deleted and added when service ports change.</summary>
internal sealed class ElementDifference
{
    private readonly Dictionary<ElementKey, MapValue> _old = [];

    /// <summary>Elements to delete: removed, or added with another value.</summary>
    public List<Element> Deleted { get; } = [];

    /// <summary>Elements to add.</summary>
    public List<Element> Added { get; } = [];

    /// <summary>Adds the difference between two states of a service port.</summary>
    public void Add(ServicePortRules? old, ServicePortRules? current, ElementMap map)
    {
        _old.Clear();
        if (old is not null)
        {
            Collector collector = new(_old);
            PortElements.Visit(old, map, ref collector);
        }

        if (current is not null)
        {
            Comparer comparer = new(this);
            PortElements.Visit(current, map, ref comparer);
        }

        if (old is not null)
        {
            foreach ((ElementKey key, MapValue value) in _old)
            {
                Deleted.Add(new(old, key, value));
            }
        }
    }

    /// <summary>An element with the service port it belongs to.</summary>
    public readonly record struct Element(ServicePortRules Port, ElementKey Key, MapValue Value);

    private readonly struct Collector(Dictionary<ElementKey, MapValue> elements) : IElementSink
    {
        public void Take(ServicePortRules port, in ElementKey key, MapValue value) => elements[key] = value;
    }

    private readonly struct Comparer(ElementDifference difference) : IElementSink
    {
        public void Take(ServicePortRules port, in ElementKey key, MapValue value)
        {
            bool isKnown = difference._old.Remove(key, out MapValue old);
            if (isKnown && old == value)
            {
                return;
            }

            if (isKnown)
            {
                difference.Deleted.Add(new(port, key, old));
            }

            difference.Added.Add(new(port, key, value));
        }
    }
}
