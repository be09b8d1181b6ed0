using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>A real agent records what it does, and the program replays it.</summary>
[Trait("Category", "Netns")]
public sealed class RecordingTests
{
    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nft")]
    public async Task WhatAnAgentRecordsIsReplayed(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        string path = lab.At("recording");
        Shop.Write(lab.Manifests, 20, generation: 0);
        RunningAgent agent = lab.Start(mode, "--record", path);
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(20), Shop.Endpoint(20, 0)), "the first rules");
        Shop.Write(lab.Manifests, 20, generation: 1);
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(20), Shop.Endpoint(20, 1)), "the second rules");
        await agent.StopAsync();

        ChildProcess.Result replay = ChildProcess.Try(ProgramUnderTest.Path, "", "replay", path);

        replay.ExitCode.Should().Be(0, replay.Output + replay.Error);
        replay.Output.Should().Contain("the same rules").And.Contain("update of ").And.Contain("because the agent stopped");
        File.ReadLines(path).Count(static line => line.Contains("\"kind\":\"Sync\"", StringComparison.Ordinal)).Should().BeGreaterThan(1);
    }
}
