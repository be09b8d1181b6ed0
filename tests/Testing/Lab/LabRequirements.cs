namespace KubeProxySharp.Testing.Lab;

/// <summary>
/// Checks whether this process can build a lab: as root, or as root of a user namespace, in which
/// <c>scripts/rootless.sh</c> runs a command without privileges.
/// </summary>
public static class LabRequirements
{
    private static readonly string[] s_tools = ["ip", "setpriv", "nft", "iptables-nft", "ip6tables-nft"];

    /// <summary>Skips the test, with the reason, where no lab can be built; with REQUIRE_NETNS=1 it fails instead.</summary>
    public static void RequireOrSkip()
    {
        string? reason = WhyNot();
        if (reason is not null && Environment.GetEnvironmentVariable("REQUIRE_NETNS") == "1")
        {
            throw new InvalidOperationException("REQUIRE_NETNS=1, but " + reason);
        }

        Skip.If(reason is not null, reason ?? "");
    }

    /// <summary>Why no lab can be built here, with the remedy; null if one can.</summary>
    public static string? WhyNot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            bool hasUserNamespaces = ChildProcess.Exists("unshare")
                && ChildProcess.Try("unshare", "", "--user", "--map-root-user", "--net", "--mount", "true").ExitCode == 0;
            return hasUserNamespaces
                ? "the lab needs root; this kernel gives it by a user namespace: run the tests under scripts/rootless.sh"
                : "the lab needs root, and this kernel does not let other users make user namespaces (sysctl user.max_user_namespaces)";
        }

        string? tool = Array.Find(s_tools, name => !ChildProcess.Exists(name));
        return tool is null ? null : $"{tool} is not installed (scripts/install-tools.sh installs it)";
    }
}
