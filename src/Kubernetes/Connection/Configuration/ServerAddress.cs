namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Reads the address of an API server.</summary>
internal static class ServerAddress
{
    /// <summary>
    /// Reads an address. An address without a scheme means plain http (wire notes 5.2). A path is kept and ends with a slash, so
    /// that relative addresses go below it; query and fragment are dropped.
    /// </summary>
    /// <param name="text">The address: a URL, or host and port.</param>
    /// <param name="subject">The configuration that has it, for errors.</param>
    /// <param name="field">The field that has it, for errors.</param>
    /// <exception cref="ConnectionException">The text is not an address of a server.</exception>
    public static Uri Parse(string text, string subject, string field)
    {
        bool hasScheme = text.Contains("://", StringComparison.Ordinal);
        if (!Uri.TryCreate(hasScheme ? text : "http://" + text, UriKind.Absolute, out Uri? address)
            || address.Scheme is not ("http" or "https")
            || address.Host.Length == 0)
        {
            throw new ConnectionException(subject, field, "is not an address of a server; write it as https://host:port");
        }

        if (address.UserInfo.Length != 0)
        {
            throw new ConnectionException(subject, field, "holds a user or password in the address; move it to the user's fields username and password");
        }

        if (!hasScheme && address.AbsolutePath != "/")
        {
            throw new ConnectionException(subject, field, "has a path but no scheme; write it as https://host:port/path");
        }

        return new UriBuilder(address.Scheme, address.Host, address.Port, address.AbsolutePath.TrimEnd('/') + "/").Uri;
    }
}
