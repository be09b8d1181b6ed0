namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>A file that is read again now and then, whatever it holds.</summary>
internal interface IRereadFile
{
    /// <summary>How often its content was replaced by another one that could be used.</summary>
    int Replacements { get; }

    /// <summary>Reads it now.</summary>
    void Reread();
}
