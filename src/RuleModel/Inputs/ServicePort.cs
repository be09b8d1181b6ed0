namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>An element of <c>spec.ports</c> of a Service. The target port is not read: slices carry the real ports.</summary>
public sealed record ServicePort
{
    /// <summary><c>name</c>; empty for the only port of a Service that gives it none.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>protocol</c>: TCP, UDP or SCTP.</summary>
    public string Protocol { get; init; } = "TCP";

    /// <summary><c>port</c>.</summary>
    public int Port { get; init; }

    /// <summary><c>nodePort</c>; 0 if there is none.</summary>
    public int NodePort { get; init; }
}
