using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>Takes map elements one by one.</summary>
internal interface IElementSink
{
    void Take(ServicePortRules port, MapKey key, MapValue value);
}
