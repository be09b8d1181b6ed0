using System.Text.Json;
using KubeProxySharp.Kubernetes.Manifests;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Lists resources once, as JSON in pages (wire notes 2.4), into a reader of manifests: what is read is what kubectl would have
/// written into a file, and it is checked in the same way.
/// </summary>
/// <param name="client">Sends the requests.</param>
/// <param name="reader">Receives the objects.</param>
public sealed class ObjectListing(ApiClient client, ManifestReader reader)
{
    private const int PageLength = 500;
    private const int MaxAttempts = 5;

    /// <summary>The most that one resource may have, in bytes of JSON.</summary>
    private const long MaxLength = 1L << 30;

    private static readonly TimeSpan s_usualPause = TimeSpan.FromSeconds(1);

    /// <summary>Lists a resource. Nothing of it reaches the reader unless all of it was read.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ApiException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server could not be reached.</exception>
    /// <exception cref="InvalidDataException">The answer is no list, or too large.</exception>
    public async Task ListAsync(ListedResource resource, CancellationToken cancellationToken)
    {
        List<byte[]> pages = [];
        string token = "";
        int limit = PageLength;
        long length = 0;
        do
        {
            byte[] page;
            try
            {
                page = await ReadPageAsync(resource.Path(limit, token), MaxLength - length, cancellationToken);
            }
            catch (ApiException e) when (token.Length != 0 && e.Status.IsExpired)
            {
                // The server offers to continue with a mixture of versions; one complete list is requested instead.
                pages.Clear();
                (token, limit, length) = ("", 0, 0);
                continue;
            }

            pages.Add(page);
            length += page.Length;
            token = ReadContinue(page, resource);
        }
        while (token.Length != 0 || pages.Count == 0);

        foreach (byte[] page in pages)
        {
            using MemoryStream content = new(page, writable: false);
            reader.Read(resource.ToString(), content);
        }
    }

    private async Task<byte[]> ReadPageAsync(string path, long mostBytes, CancellationToken cancellationToken)
    {
        ApiRequest request = new(HttpMethod.Get, path) { Accept = "application/json" };
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
                using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
                using MemoryStream content = new();
                byte[] buffer = new byte[64 * 1024];
                for (int count = await body.ReadAsync(buffer, cancellationToken); count > 0; count = await body.ReadAsync(buffer, cancellationToken))
                {
                    content.Write(buffer, 0, count);
                    if (content.Length > mostBytes)
                    {
                        throw new InvalidDataException($"{request}: the list has more than {MaxLength >> 20} MB");
                    }
                }

                return content.ToArray();
            }
            catch (ApiException e) when (e.Status.Code is 429 or 503 && attempt < MaxAttempts)
            {
                // The server has too much to do and asks for patience (wire notes 6).
                await client.PauseAsync(e.Status.RetryAfter ?? s_usualPause, cancellationToken);
            }
        }
    }

    /// <summary>The token of the next page; empty on the last one.</summary>
    private static string ReadContinue(byte[] page, ListedResource resource)
    {
        try
        {
            Utf8JsonReader json = new(page);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                throw new InvalidDataException($"the answer for {resource} is not a list; is there a proxy before the API server?");
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool isMetadata = json.ValueTextEquals("metadata"u8);
                json.Read();
                if (!isMetadata || json.TokenType != JsonTokenType.StartObject)
                {
                    json.Skip();
                    continue;
                }

                while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                {
                    bool isToken = json.ValueTextEquals("continue"u8);
                    json.Read();
                    if (isToken && json.TokenType == JsonTokenType.String)
                    {
                        return json.GetString() ?? "";
                    }

                    json.Skip();
                }

                return "";
            }

            return "";
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"the answer for {resource} is not JSON: {e.Message}", e);
        }
    }
}

/// <summary>A resource to list.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Plural">The plural name, such as <c>endpointslices</c>.</param>
public sealed record ListedResource(string Group, string Plural)
{
    /// <summary>The namespace; empty for all, or for a resource without namespaces.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The field selector; empty for all objects.</summary>
    public string FieldSelector { get; init; } = "";

    /// <summary>The name with its group, as RBAC and kubectl have it: <c>endpointslices.discovery.k8s.io</c>.</summary>
    public string QualifiedName => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>Services (<c>v1</c>).</summary>
    public static ListedResource Services { get; } = new("", "services");

    /// <summary>EndpointSlices (<c>discovery.k8s.io/v1</c>).</summary>
    public static ListedResource EndpointSlices { get; } = new("discovery.k8s.io", "endpointslices");

    /// <summary>Nodes (<c>v1</c>).</summary>
    public static ListedResource Nodes { get; } = new("", "nodes");

    /// <summary>ServiceCIDRs (<c>networking.k8s.io/v1</c>), which servers before 1.33 do not have.</summary>
    public static ListedResource ServiceCidrs { get; } = new("networking.k8s.io", "servicecidrs");

    /// <summary>Pods (<c>v1</c>).</summary>
    public static ListedResource Pods { get; } = new("", "pods");

    /// <summary>The name with its group, and the namespace if there is one.</summary>
    public override string ToString() => Namespace.Length == 0 ? QualifiedName : $"{QualifiedName} in namespace {Namespace}";

    /// <summary>The request of a page.</summary>
    internal string Path(int limit, string continueToken)
    {
        string root = Group.Length == 0 ? "/api/v1" : $"/apis/{Group}/v1";
        string space = Namespace.Length == 0 ? "" : $"/namespaces/{Uri.EscapeDataString(Namespace)}";
        List<string> query = [];
        Add("continue", continueToken);
        Add("fieldSelector", FieldSelector);
        Add("limit", limit == 0 ? "" : limit.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return $"{root}{space}/{Plural}{(query.Count == 0 ? "" : "?")}{string.Join('&', query)}";

        void Add(string name, string value)
        {
            if (value.Length != 0)
            {
                query.Add($"{name}={Uri.EscapeDataString(value)}");
            }
        }
    }
}
