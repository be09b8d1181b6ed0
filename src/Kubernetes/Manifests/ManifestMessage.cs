namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>A message about an input.</summary>
/// <param name="Severity">Its severity.</param>
/// <param name="Source">The file, or <c>stdin</c>.</param>
/// <param name="Line">The line, from 1; 0 for the whole file.</param>
/// <param name="Text">Object, field, reason and remedy.</param>
public sealed record ManifestMessage(ManifestSeverity Severity, string Source, int Line, string Text)
{
    /// <summary><c>web.yaml:12: error: Service shop/web: spec.ports[0].port 70000 is not between 1 and 65535</c>.</summary>
    public override string ToString()
    {
        string severity = Severity switch
        {
            ManifestSeverity.Error => "error",
            ManifestSeverity.Warning => "warning",
            _ => "note",
        };
        return Line > 0 ? $"{Source}:{Line}: {severity}: {Text}" : $"{Source}: {severity}: {Text}";
    }
}

/// <summary>The severity of a message about manifests.</summary>
public enum ManifestSeverity : byte
{
    /// <summary>Information: something was skipped on purpose.</summary>
    Note,

    /// <summary>A value was ignored, as kube-proxy ignores it.</summary>
    Warning,

    /// <summary>The input is broken; no rules should be made from it.</summary>
    Error,
}
