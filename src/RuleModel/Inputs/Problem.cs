namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>A problem with an object, reported so that its owner can fix it.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Kind">The kind of the object, as Kubernetes spells it.</param>
/// <param name="Name">The object.</param>
/// <param name="Field">The path of the field, such as <c>spec.loadBalancerSourceRanges[1]</c>; empty for the whole object.</param>
/// <param name="Reason">What is wrong and what was done about it.</param>
public sealed record Problem(ProblemSeverity Severity, string Kind, NamespacedName Name, string Field, string Reason)
{
    /// <summary><c>Service shop/web: spec.loadBalancerSourceRanges[1] "10.0.0/8" is not a CIDR; ignored</c>.</summary>
    public override string ToString() => Field.Length == 0 ? $"{Kind} {Name}: {Reason}" : $"{Kind} {Name}: {Field} {Reason}";
}

/// <summary>How bad a problem with an object is.</summary>
public enum ProblemSeverity : byte
{
    /// <summary>kube-proxy handles this by ignoring the value (spec 2.4).</summary>
    Warning,

    /// <summary>The API server would have rejected the object: what the text names is left out.</summary>
    Error,
}
