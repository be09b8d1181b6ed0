namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>A request that a scripted server received.</summary>
/// <param name="Message">What was asked.</param>
/// <param name="Body">Its body.</param>
/// <param name="Time">When it came.</param>
/// <param name="Problems">How many problems, and ends of problems, had been reported before it.</param>
internal sealed record RecordedRequest(HttpRequestMessage Message, byte[] Body, DateTimeOffset Time, int Problems)
{
    public string Path => Message.RequestUri!.PathAndQuery;

    /// <summary>The path without the time-out, which is random.</summary>
    public string FixedPath => System.Text.RegularExpressions.Regex.Replace(
        Path, "&timeoutSeconds=[0-9]+", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));

    public string? Parameter(string name) => System.Web.HttpUtility.ParseQueryString(Message.RequestUri!.Query)[name];
}
