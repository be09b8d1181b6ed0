using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi;

/// <summary>A request that the server has seen.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Time">When its headers had come.</param>
/// <param name="Method">GET, POST or PATCH.</param>
/// <param name="Path">Without the query, decoded.</param>
/// <param name="RawQuery">As it was sent, with the question mark.</param>
/// <param name="Query">The parameters, decoded.</param>
/// <param name="Headers">By name, in any case; several values are joined by commas. The token is in Authorization: not for logs.</param>
/// <param name="Protocol">HTTP/1.1 or HTTP/2.</param>
/// <param name="Connection">Names the connection.</param>
/// <param name="Type">The resource, if it is one.</param>
/// <param name="Verb">get, list, watch, create, patch; empty for other paths.</param>
public sealed record RequestRecord(
    int Number,
    DateTimeOffset Time,
    string Method,
    string Path,
    string RawQuery,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Headers,
    string Protocol,
    string Connection,
    ResourceType? Type,
    string Verb)
{
    /// <summary>A parameter of the query, or null.</summary>
    public string? Parameter(string name) => Query.GetValueOrDefault(name);
}
