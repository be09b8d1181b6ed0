namespace KubeProxySharp.Testing;

/// <summary>
/// The program that tests start. <c>./test.sh</c> names the published one in KPS_PROGRAM: it is what users get, and starts
/// in a fraction of the time. Otherwise it is the one that was built with the tests.
/// </summary>
public static class ProgramUnderTest
{
    /// <summary>Its path.</summary>
    public static string Path { get; } =
        Environment.GetEnvironmentVariable("KPS_PROGRAM") is { Length: > 0 } chosen ? chosen : System.IO.Path.Combine(AppContext.BaseDirectory, "kube-proxy-sharp");
}
