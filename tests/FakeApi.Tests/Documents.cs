namespace KubeProxySharp.FakeApi.Tests;

/// <summary>Small objects.</summary>
internal static class Documents
{
    public static string Service(string name, string clusterIP = "10.96.0.10", string labels = "{}") => $$$"""
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"shop","labels":{{{labels}}}},
        "spec":{"clusterIP":"{{{clusterIP}}}","type":"ClusterIP","ports":[{"port":80,"protocol":"TCP","targetPort":8080}]}}
        """;

    public static string Event(string name, string eventTime = "2026-11-20T15:00:00.123456Z", string type = "Normal") => $$$"""
        {"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"name":"{{{name}}}","namespace":"default"},"eventTime":"{{{eventTime}}}",
        "reportingController":"kube-proxy","reportingInstance":"kube-proxy-node-a","action":"StartKubeProxy","reason":"Starting",
        "regarding":{"kind":"Node","name":"node-a","apiVersion":"v1"},"type":"{{{type}}}"}
        """;
}
