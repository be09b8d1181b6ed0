using System.Diagnostics;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Manifests in a bad state take no rules away.</summary>
[Trait("Category", "Netns")]
public sealed class ManifestTroubleTests
{
    private const string Mode = "nftables";

    [SkippableFact]
    public async Task AnInvalidFileKeepsTheLastGoodState()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = await StartAsync(lab);
        IReadOnlyList<string> good = lab.Rules(Mode);

        await File.WriteAllTextAsync(Path.Combine(lab.Manifests, "other.yaml"), "kind: Service\napiVersion: [v1\n");
        await agent.WaitForLogAsync("the last good state is kept");
        lab.Rules(Mode).Should().Equal(good);

        File.Delete(Path.Combine(lab.Manifests, "other.yaml"));
        Shop.Write(lab.Manifests, 4);
        await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(4), Shop.Endpoint(4, 0)), "the new rules");
        await agent.StopAsync();
    }

    /// <summary>Written bit by bit, as an editor or a copy does: not read before it rests, nor when it rests in the middle of an object.</summary>
    [SkippableFact]
    public async Task AFileThatIsBeingWrittenKeepsTheLastGoodState()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = await StartAsync(lab);
        IReadOnlyList<string> good = lab.Rules(Mode);
        string text = Shop.Manifest(40, generation: 1);
        using (FileStream file = new(Path.Combine(lab.Manifests, "shop.yaml"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
        using (StreamWriter writer = new(file) { AutoFlush = true })
        {
            await writer.WriteAsync(text.AsMemory(0, text.Length / 2));
            await agent.WaitForLogAsync("the last good state is kept");
            lab.Rules(Mode).Should().Equal(good);
            await writer.WriteAsync(text.AsMemory(text.Length / 2));
        }

        await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(40), Shop.Endpoint(40, 1)), "the new rules");
        await agent.StopAsync();
    }

    [SkippableFact]
    public async Task AnEmptiedOrRemovedDirectoryKeepsTheLastGoodState()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = await StartAsync(lab);
        IReadOnlyList<string> good = lab.Rules(Mode);

        File.Delete(Path.Combine(lab.Manifests, "shop.yaml"));
        await agent.WaitForLogAsync("the last good state is kept");
        lab.Rules(Mode).Should().Equal(good);
        Directory.Delete(lab.Manifests);
        await agent.WaitForLogAsync("the last good state is kept", times: 2);
        lab.Rules(Mode).Should().Equal(good);

        Directory.CreateDirectory(lab.Manifests);
        Shop.Write(lab.Manifests, 4);
        await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(4), Shop.Endpoint(4, 0)), "the new rules");
        await agent.StopAsync();
    }

    /// <summary>As the kubelet updates a mounted ConfigMap: files are links into a directory behind a link that is swapped.</summary>
    [SkippableFact]
    public async Task ASwappedLinkIsSeen()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        string mount = Directory.CreateDirectory(lab.At("mount")).FullName;
        Publish(mount, "first", generation: 0);
        File.CreateSymbolicLink(Path.Combine(mount, "shop.yaml"), "..data/shop.yaml");
        lab.Manifests = mount;
        RunningAgent agent = await StartAsync(lab);

        Publish(mount, "second", generation: 1);

        await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(3), Shop.Endpoint(3, 1)), "the new rules");
        await agent.StopAsync();
    }

    /// <summary>The shortest of several: a busy machine does not delay all of them.</summary>
    [SkippableFact]
    public async Task AChangeIsInForceWithinASecond()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = await StartAsync(lab);
        List<TimeSpan> delays = [];
        for (int generation = 1; generation <= 7; generation++)
        {
            long start = Stopwatch.GetTimestamp();
            Shop.Write(lab.Manifests, 3, generation);
            await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(3), Shop.Endpoint(3, generation)), "the new rules");
            delays.Add(Stopwatch.GetElapsedTime(start));
        }

        delays.Min().Should().BeLessThan(TimeSpan.FromSeconds(1));
        await agent.StopAsync();
    }

    private static void Publish(string mount, string version, int generation)
    {
        Shop.Write(Directory.CreateDirectory(Path.Combine(mount, version)).FullName, 3, generation);
        string link = Path.Combine(mount, "..data");
        File.CreateSymbolicLink(link + "_tmp", version);
        Testing.ChildProcess.Run("mv", "", "-T", link + "_tmp", link);
    }

    private static async Task<RunningAgent> StartAsync(AgentLab lab)
    {
        RunningAgent agent = lab.Start(Mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        return agent;
    }
}
