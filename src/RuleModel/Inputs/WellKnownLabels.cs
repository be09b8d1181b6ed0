namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>The labels and annotations that decide which objects a service proxy works on (spec 13.1, wire notes 4).</summary>
public static class WellKnownLabels
{
    /// <summary>A Service with this label, whatever its value, belongs to another proxy.</summary>
    public const string ServiceProxyName = "service.kubernetes.io/service-proxy-name";

    /// <summary>Put on the slices of headless Services.</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>Names the Service that an EndpointSlice belongs to.</summary>
    public const string ServiceName = "kubernetes.io/service-name";

    /// <summary>The zone of a Node.</summary>
    public const string Zone = "topology.kubernetes.io/zone";

    /// <summary>Annotation of an EndpointSlice: when the change happened that led to its content.</summary>
    public const string LastChangeTriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
}
