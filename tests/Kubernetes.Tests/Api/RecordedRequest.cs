namespace KubeProxySharp.Kubernetes.Tests.Api;

/// <summary>A request that a scripted server received.</summary>
internal sealed record RecordedRequest(HttpRequestMessage Message, byte[] Body, DateTimeOffset Time)
{
    public string Path => Message.RequestUri!.PathAndQuery;

    /// <summary>The path without the time-out, which is random.</summary>
    public string FixedPath => System.Text.RegularExpressions.Regex.Replace(
        Path, "&timeoutSeconds=[0-9]+", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));

    public string? Parameter(string name) => System.Web.HttpUtility.ParseQueryString(Message.RequestUri!.Query)[name];
}
