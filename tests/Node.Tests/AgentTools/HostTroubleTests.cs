namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>What the agent does not depend on: a place to write to.</summary>
[Trait("Category", "Netns")]
public sealed class HostTroubleTests
{
    /// <summary>In a mount namespace of its own: a /tmp without a free byte, and a working directory that nobody can write to.</summary>
    private const string FullDisk = """
        program=$1/${2##*/}; mount --bind "${2%/*}" "$1" || exit 9; shift 2
        mount -t tmpfs -o size=16k tmpfs /tmp && cat /dev/zero >/tmp/full 2>/dev/null
        mount -t tmpfs -o ro tmpfs /mnt && cd /mnt || exit 9
        touch here 2>/dev/null && exit 9
        [ "$(stat -f -c %a /tmp)" = 0 ] || exit 9
        exec "$program" "$@"
        """;

    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task AFullDiskAndAReadOnlyWorkingDirectoryHaveNoEffect(string mode)
    {
        // Enough for scripts that fit in no pipe.
        const int Services = 300;
        using AgentLab lab = AgentLab.CreateOrSkip();

        // The usual place is below /tmp, where the agent finds nothing but a full disk; the program may be there as well.
        string kept = Directory.CreateDirectory(Path.Combine("/run", Path.GetFileName(Path.GetDirectoryName(lab.Manifests))!)).FullName;
        string bin = Directory.CreateDirectory(kept + ".bin").FullName;
        lab.Manifests = kept;
        try
        {
            Shop.Write(kept, Services);
            RunningAgent agent = lab.Start(mode, ["unshare", "-m", "sh", "-c", FullDisk, "sh", bin], 10256, 10249);
            await agent.WaitForLogAsync("Synced IPv4 rules (full)");
            lab.IsServed(mode, Shop.Address(Services), Shop.Endpoint(Services, 0)).Should().BeTrue();

            Shop.Write(kept, Services, generation: 1);

            await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(Services), Shop.Endpoint(Services, 1)), "the new rules");
            agent.Count("could not").Should().Be(0);
            await agent.StopAsync();
        }
        finally
        {
            Directory.Delete(kept, recursive: true);
            Directory.Delete(bin);
        }
    }
}
