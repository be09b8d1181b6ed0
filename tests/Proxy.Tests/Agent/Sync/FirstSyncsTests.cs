using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

public sealed class FirstSyncsTests
{
    [Fact]
    public void AFamilyDoesNotWaitForOneThatNeverSyncs()
    {
        FirstSyncs applies = new([IpFamily.IPv4, IpFamily.IPv6]);

        applies.Note(IpFamily.IPv6);
        applies.Note(IpFamily.IPv6);

        applies.Of(IpFamily.IPv6).IsCompleted.Should().BeTrue();
        applies.Of(IpFamily.IPv4).IsCompleted.Should().BeFalse();
        applies.All.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void AllAreThoseThatAreSynced()
    {
        FirstSyncs both = new([IpFamily.IPv4, IpFamily.IPv6]);
        FirstSyncs one = new([IpFamily.IPv4]);

        both.Note(IpFamily.IPv4);
        both.Note(IpFamily.IPv6);
        one.Note(IpFamily.IPv4);

        both.All.IsCompleted.Should().BeTrue();
        one.All.IsCompleted.Should().BeTrue();
        one.Of(IpFamily.IPv6).IsCompleted.Should().BeTrue("what the other mode left for a family without rules goes too");
    }
}
