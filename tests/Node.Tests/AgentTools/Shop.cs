using System.Globalization;
using System.Text;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Manifests of Services with one endpoint each: Service i has 10.96.0.0 + i, its endpoint 10.generation.0.0 + i.</summary>
internal static class Shop
{
    /// <summary>The address of a Service; none is the beginning of another.</summary>
    public static string Address(int number) => Text(96, number);

    /// <summary>The address of its endpoint.</summary>
    public static string Endpoint(int number, int generation) => Text(100 + generation, number);

    /// <summary>Writes the manifests in the place of others, in one step.</summary>
    public static void Write(string directory, int services, int generation = 0, string affinity = "None")
    {
        string path = Path.Combine(directory, "shop.yaml");
        File.WriteAllText(path + ".new", Manifest(services, generation, affinity));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The manifests.</summary>
    public static string Manifest(int services, int generation = 0, string affinity = "None")
    {
        StringBuilder text = new();
        for (int number = 1; number <= services; number++)
        {
            text.Append(Service(number, affinity)).Append(Slice(number, generation));
        }

        return text.ToString();
    }

    public static string Service(int number, string affinity = "None", int port = 80) => string.Create(CultureInfo.InvariantCulture, $$$"""
        ---
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"s{{{number}}}","namespace":"shop"},"spec":{"type":"ClusterIP","sessionAffinity":"{{{affinity}}}","clusterIP":"{{{Address(number)}}}","clusterIPs":["{{{Address(number)}}}"],"ipFamilies":["IPv4"],"ports":[{"name":"http","protocol":"TCP","port":{{{port}}},"targetPort":8080}]}}

        """);

    private static string Slice(int number, int generation) => string.Create(CultureInfo.InvariantCulture, $$$"""
        ---
        {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"s{{{number}}}-1","namespace":"shop","labels":{"kubernetes.io/service-name":"s{{{number}}}"}},"addressType":"IPv4","ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":[{"addresses":["{{{Endpoint(number, generation)}}}"],"conditions":{"ready":true},"nodeName":"node-b"}]}

        """);

    private static string Text(int second, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"10.{second}.{100 + (number / 100)}.{100 + (number % 100)}");
}
