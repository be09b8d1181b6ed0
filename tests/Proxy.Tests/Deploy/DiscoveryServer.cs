using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KubeProxySharp.Proxy.Tests.Deploy;

/// <summary>As much of an API server as <c>kubectl apply --dry-run=client</c> asks: which kinds there are, and that it has no object yet.</summary>
internal sealed class DiscoveryServer : IDisposable
{
    private static readonly Dictionary<string, string> s_answers = new(StringComparer.Ordinal)
    {
        ["/version"] = """{"major": "1", "minor": "36", "gitVersion": "v1.36.0"}""",
        ["/api"] = """{"kind": "APIVersions", "versions": ["v1"]}""",
        ["/apis"] = $$"""{"kind": "APIGroupList", "apiVersion": "v1", "groups": [{{Group("apps")}}, {{Group("rbac.authorization.k8s.io")}}]}""",
        ["/api/v1"] = Resources("v1", ("serviceaccounts", "ServiceAccount", true), ("configmaps", "ConfigMap", true)),
        ["/apis/apps/v1"] = Resources("apps/v1", ("daemonsets", "DaemonSet", true)),
        ["/apis/rbac.authorization.k8s.io/v1"] = Resources(
            "rbac.authorization.k8s.io/v1", ("clusterroles", "ClusterRole", false), ("clusterrolebindings", "ClusterRoleBinding", false)),
    };

    private readonly HttpListener _listener = new();
    private readonly Task _loop;

    /// <summary>Starts it.</summary>
    public DiscoveryServer()
    {
        Address = $"http://127.0.0.1:{FreePort()}";
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _loop = Task.Run(AnswerAsync);
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Stop();
        _loop.GetAwaiter().GetResult();
        _listener.Close();
    }

    private static string Group(string name) => $$"""
        {"name": "{{name}}", "versions": [{"groupVersion": "{{name}}/v1", "version": "v1"}], "preferredVersion": {"groupVersion": "{{name}}/v1", "version": "v1"} }
        """;

    private static string Resources(string version, params (string Plural, string Kind, bool IsNamespaced)[] resources) => $$"""
        {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "{{version}}", "resources": [{{string.Join(", ", resources.Select(resource => $$"""
            {"name": "{{resource.Plural}}", "singularName": "", "namespaced": {{(resource.IsNamespaced ? "true" : "false")}}, "kind": "{{resource.Kind}}", "verbs": ["create", "get", "patch"]}
            """))}}]}
        """;

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task AnswerAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            bool isKnown = s_answers.TryGetValue(context.Request.Url!.AbsolutePath, out string? answer);
            byte[] body = Encoding.UTF8.GetBytes(answer ?? """{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}""");
            context.Response.StatusCode = isKnown ? 200 : 404;
            context.Response.ContentType = "application/json";
            context.Response.ContentLength64 = body.Length;
            await context.Response.OutputStream.WriteAsync(body);
            context.Response.Close();
        }
    }
}
