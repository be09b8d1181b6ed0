using KubeProxySharp.FakeApi;
using KubeProxySharp.Node.Tests.Agent;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The image's root file system, started with the rights that the DaemonSet gives.</summary>
[Trait("Category", "Netns")]
public sealed class ImageTests
{
    [SkippableTheory]
    [InlineData("nftables", "auto")]
    [InlineData("iptables", "nft")]
    [InlineData("iptables", "legacy")]
    public void RootFileSystemHoldsAllThatTheAgentNeeds(string mode, string variant)
    {
        LabRequirements.RequireOrSkip();
        string output = ChildProcess.Run(RepositoryRoot.Combine("deploy", "try-image.sh"), "", Program(), mode, variant);

        output.Should().StartWith("image: " + mode);
    }

    /// <summary>The bus is mounted as deploy/firewalld does, and the image has no library of D-Bus or systemd.</summary>
    [SkippableFact]
    public void AReloadOfFirewalldIsHeard()
    {
        LabRequirements.RequireOrSkip();
        foreach (string tool in new[] { "dbus-daemon", "firewalld", "firewall-cmd" })
        {
            Skip.IfNot(ChildProcess.Exists(tool), tool + " is not installed");
        }

        string output = ChildProcess.Run("env", "", "KPS_IMAGE_FIREWALLD=1", RepositoryRoot.Combine("deploy", "try-image.sh"), Program(), "nftables");

        output.Should().StartWith("image: nftables");
    }

    /// <summary>With an API server the program needs OpenSSL, which it loads by name when it makes its first connection.</summary>
    [SkippableFact]
    public async Task RootFileSystemHoldsAllThatAConnectionToAnApiServerNeeds()
    {
        LabRequirements.RequireOrSkip();
        string program = Program();
        using LabNamespace network = LabNamespace.Create("image");
        await using FakeApiServer server = await FakeApiServer.StartAsync(new FakeApiOptions
        {
            SecurePort = 6443,
            Bind = point => network.Inside(() => SocketTransportOptions.CreateDefaultBoundListenSocket(point)),
        });
        server.Store.Put(StandardLab.NodeObject);
        server.Store.Put(ApiObjects.Service("web", "10.96.0.10"));
        server.Store.Put(ApiObjects.Slice("web", "10.244.1.5"));
        string kubeconfig = Path.GetTempFileName();
        await File.WriteAllTextAsync(kubeconfig, server.Kubeconfig());
        try
        {
            string output = network.Run("env", $"KPS_IMAGE_KUBECONFIG={kubeconfig}", RepositoryRoot.Combine("deploy", "try-image.sh"), program, "nftables");

            output.Should().StartWith("image: nftables");
        }
        finally
        {
            File.Delete(kubeconfig);
        }
    }

    private static string Program()
    {
        string program = RepositoryRoot.Combine("out", "kube-proxy-sharp");
        Skip.If(!File.Exists(program), "out/kube-proxy-sharp is not there (./build.sh makes it)");
        Skip.IfNot(IsInitialUser(), "mounting devices needs the root of the machine");
        return program;
    }

    /// <summary>Whether this is not a user namespace, whose root may not bind devices of the machine.</summary>
    private static bool IsInitialUser() => File.ReadAllText("/proc/self/uid_map").Contains("4294967295", StringComparison.Ordinal);
}
