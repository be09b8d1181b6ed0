using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>What a test process that crashed could not take away.</summary>
[Trait("Category", "Netns")]
public sealed class LeftoverTests
{
    [SkippableFact]
    public void NamespacesOfADeadOwnerGoWithTheirPrograms()
    {
        LabRequirements.RequireOrSkip();
        int owner = DeadProcess();
        string name = string.Create(CultureInfo.InvariantCulture, $"kps-{owner}-1-crashed");
        ChildProcess.Run("ip", "", "netns", "add", name);
        using Process program = Process.Start("ip", ["netns", "exec", name, "sleep", "300"]);
        SpinWait.SpinUntil(() => ChildProcess.Run("ip", "", "netns", "pids", name).Length != 0, LabClient.AnswerTimeout).Should().BeTrue();
        Leftovers().Should().Contain($"network namespace {name}").And.MatchRegex($"process [0-9]+ in {name}: .*sleep 300");

        LabNamespace.RemoveAbandoned();

        program.WaitForExit(LabClient.AnswerTimeout).Should().BeTrue();
        File.Exists("/run/netns/" + name).Should().BeFalse();
        Leftovers().Should().NotContain(name);
    }

    [SkippableFact]
    public void NamespacesOfTheLivingStay()
    {
        LabRequirements.RequireOrSkip();
        using LabNamespace mine = LabNamespace.Create("mine");

        LabNamespace.RemoveAbandoned();

        File.Exists("/run/netns/" + mine.Name).Should().BeTrue();
        Leftovers().Should().NotContain(mine.Name);
    }

    private static string Leftovers() => ChildProcess.Run(RepositoryRoot.Combine("scripts", "leftovers.sh"), "");

    private static int DeadProcess()
    {
        using Process ended = Process.Start("true");
        ended.WaitForExit();
        return ended.Id;
    }
}
