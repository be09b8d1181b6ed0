using System.Diagnostics;
using System.Text;
using KubeProxySharp.Kubernetes.Connection;

namespace KubeProxySharp.Kubernetes.Tests.Connection;

/// <summary>A folder for files, a clock, a log and an environment: what a connection stands on.</summary>
public sealed class ConnectionBench : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kube-proxy-sharp-");

    public SteppedTime Time { get; } = new();

    public RecordedLog Log { get; } = new();

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["PATH"] = "/usr/bin:/bin" };

    public string Folder => _folder.FullName;

    internal ConnectionSettings Settings => new()
    {
        TimeProvider = Time,
        LoggerFactory = Log,
        QueriesPerSecond = -1,
        Environment = name => Variables.GetValueOrDefault(name),
        ServiceAccountDirectory = Folder,
    };

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>Waits for something that happens soon, and fails when it does not.</summary>
    public static async Task Eventually(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(TimeSpan.FromSeconds(60), "this was to happen soon");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    public string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes a kubeconfig with one cluster and one user.</summary>
    /// <param name="cluster">Fields of the cluster, as a flow mapping.</param>
    /// <param name="user">Fields of the user, as a flow mapping.</param>
    public string Kubeconfig(string cluster, string user = "{}") => Write("kubeconfig", $$"""
        apiVersion: v1
        kind: Config
        current-context: here
        contexts: [{name: here, context: {cluster: c, user: u} }]
        clusters: [{name: c, cluster: {{cluster}} }]
        users: [{name: u, user: {{user}} }]
        """);

    public ApiConnection Open(string cluster, string user = "{}") => ApiConnection.FromKubeconfig(Kubeconfig(cluster, user), "", Settings);

    public void Dispose() => _folder.Delete(recursive: true);
}
