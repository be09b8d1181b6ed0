namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>The conditions of an endpoint.</summary>
[Flags]
public enum EndpointConditions : byte
{
    /// <summary>Neither ready, nor serving, nor terminating.</summary>
    None = 0,

    /// <summary>Takes new connections. Missing in the API means true.</summary>
    Ready = 1,

    /// <summary>Would be ready if it were not terminating. Missing in the API means true.</summary>
    Serving = 2,

    /// <summary>Being shut down. Missing in the API means false.</summary>
    Terminating = 4,
}
