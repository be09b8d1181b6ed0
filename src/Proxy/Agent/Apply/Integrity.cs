namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>The result of one check of the rules.</summary>
internal enum Integrity
{
    /// <summary>They are what was applied.</summary>
    Intact,

    /// <summary>They are something else.</summary>
    Changed,

    /// <summary>They changed while they were read, so that it must be done again.</summary>
    Unclear,
}
