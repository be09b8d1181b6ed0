namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>How a scripted body goes on after its bytes.</summary>
internal enum BodyEnd
{
    /// <summary>It ends as it should.</summary>
    Clean,

    /// <summary>The connection is lost.</summary>
    Lost,

    /// <summary>Nothing comes any more.</summary>
    Silent,
}
