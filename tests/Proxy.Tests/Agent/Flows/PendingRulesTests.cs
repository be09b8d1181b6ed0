using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Flows;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Flows;

public sealed class PendingRulesTests
{
    private static readonly Service s_udp = Samples.Service with { Name = new("shop", "dns"), ClusterIP = "10.96.0.53", ClusterIPs = ["10.96.0.53"], Ports = [new ServicePort { Name = "dns", Port = 53, Protocol = "UDP" }] };

    /// <summary>Only what can have made flows stale is worth a pass.</summary>
    [Theory]
    [InlineData("shop/web", false, false)]
    [InlineData("shop/web", true, true)]
    [InlineData("shop/dns", false, true)]
    [InlineData("shop/none", true, false)]
    [InlineData(null, false, true)]
    public void AChangeMattersByItsProtocols(string? changed, bool includesTcp, bool matters)
    {
        PendingRules news = new(includesTcp);
        RuleModelSnapshot model = Samples.Model([Samples.Service, s_udp], []);
        news.Note(Report(model, null)).Should().BeTrue("the first sync shows everything");

        news.Note(Report(model, changed is null ? null : [Name(changed)])).Should().Be(matters);
    }

    [Fact]
    public void ADeletedServiceMatters()
    {
        PendingRules news = new(includesTcp: false);
        news.Note(Report(Samples.Model([s_udp], []), null));

        news.Note(Report(Samples.Model([], []), [s_udp.Name])).Should().BeTrue();
    }

    [Fact]
    public void ManySyncsAreOne()
    {
        PendingRules news = new(includesTcp: false);
        RuleModelSnapshot model = Samples.Model([Samples.Service, s_udp], []);
        news.Note(Report(model, null));
        news.Take(out IReadOnlyCollection<NamespacedName>? all)!.IPv4.Should().BeSameAs(model.IPv4);
        all.Should().BeNull("everything is new at first");
        news.IsNew.Should().BeFalse();

        news.Note(Report(model, [s_udp.Name]));
        news.Note(Report(model, [Samples.Web]));

        news.IsNew.Should().BeTrue();
        news.Take(out IReadOnlyCollection<NamespacedName>? two);
        two.Should().BeEquivalentTo([s_udp.Name, Samples.Web]);
    }

    [Fact]
    public void TooManyNamesAreAllOfThem()
    {
        PendingRules news = new(includesTcp: false);
        RuleModelSnapshot model = Samples.Model([s_udp], []);
        news.Note(Report(model, null));
        news.Take(out _);

        news.Note(Report(model, [.. Enumerable.Range(0, PendingRules.NameLimit + 1).Select(number => new NamespacedName("many", $"s{number}"))]));

        news.Take(out IReadOnlyCollection<NamespacedName>? names);
        names.Should().BeNull();
    }

    [Fact]
    public void NothingIsKnownBeforeTheFirstSync()
    {
        new PendingRules(includesTcp: false).Take(out _).Should().BeNull();
    }

    private static NamespacedName Name(string text) => new(text.Split('/')[0], text.Split('/')[1]);

    private static SyncReport Report(RuleModelSnapshot model, IReadOnlyCollection<NamespacedName>? services) => new()
    {
        Family = IpFamily.IPv4,
        IsFull = services is null,
        Duration = TimeSpan.Zero,
        Result = ApplyResult.Applied,
        Rules = model.IPv4,
        Services = services,
        TriggerTimes = [],
        ChangesTaken = 0,
    };
}
