using System.Reflection;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Versions, as metrics and status pages give them.</summary>
internal static class BuildInformation
{
    /// <summary>Major version of the kube-proxy whose behaviour this program has.</summary>
    public const string KubernetesMajor = "1";

    /// <summary>Minor version of the kube-proxy whose behaviour this program has.</summary>
    public const string KubernetesMinor = "36";

    // The SDK writes the version and, after a plus sign, the commit.
    private static readonly string[] s_versionAndCommit =
        (typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+', 2);

    /// <summary>Version of this program, as <c>Version</c> in Directory.Build.props sets it.</summary>
    public static string Version => s_versionAndCommit[0];

    /// <summary>The git commit this program was published from, in full; empty where it is not known.</summary>
    public static string Commit => s_versionAndCommit is [_, string commit] ? commit : "";

    /// <summary>The runtime, such as <c>.NET 10.0.0</c>.</summary>
    public static string Runtime => RuntimeInformation.FrameworkDescription;

    /// <summary>Operating system and architecture as Go names them, such as <c>linux/amd64</c>.</summary>
    public static string Platform { get; } = "linux/" + RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.X86 => "386",
        Architecture other => other.ToString().ToLowerInvariant(),
    };
}
