namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>How bad a problem with an object is.</summary>
public enum ProblemSeverity : byte
{
    /// <summary>kube-proxy knows this and goes on without the value (spec 2.4).</summary>
    Warning,

    /// <summary>The API server would not have taken the object: what the text names is left out.</summary>
    Error,
}
