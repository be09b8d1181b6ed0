using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The image's root file system, started with the rights that the DaemonSet gives.</summary>
public sealed class ImageTests
{
    [SkippableTheory]
    [InlineData("nftables", "auto")]
    [InlineData("iptables", "nft")]
    [InlineData("iptables", "legacy")]
    public void RootFileSystemHoldsAllThatTheAgentNeeds(string mode, string variant)
    {
        LabGround.RequireOrSkip();
        string program = RepositoryRoot.Combine("out", "kube-proxy-sharp");
        Skip.If(!File.Exists(program), "out/kube-proxy-sharp is not there (./build.sh makes it)");
        Skip.IfNot(IsInitialUser(), "mounting devices needs the root of the machine");

        string output = ChildProcess.Run(RepositoryRoot.Combine("deploy", "try-image.sh"), "", program, mode, variant);

        output.Should().StartWith("image: " + mode);
    }

    /// <summary>Whether this is not a user namespace, whose root may not bind devices of the machine.</summary>
    private static bool IsInitialUser() => File.ReadAllText("/proc/self/uid_map").Contains("4294967295", StringComparison.Ordinal);
}
