using System.Net;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>200 new connections a second must all be answered, whatever happens to rules and agent meanwhile.</summary>
[Trait("Category", "Netns")]
public abstract class ChangeTests(string mode)
{
    private const int Connections = SteadyDialling.Connections;

    /// <summary>Without it, a second would pass between syncs, and many changes would be one.</summary>
    private const string AtOnce = "iptables: {minSyncPeriod: 1ms}\nnftables: {minSyncPeriod: 1ms}\n";

    private static readonly LabService s_steady = Steady([StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")]);

    /// <summary>Each change is in the kernel, of both families, before the next is made.</summary>
    [SkippableFact]
    public void ChangesOfOtherServicesDisturbNobody()
    {
        const int Changes = 200;
        LabRequirements.RequireOrSkip();
        using StandardLab lab = new(StandardLab.KnowsPods + AtOnce);
        using LabApi api = new(lab);
        api.Put(s_steady);
        lab.Agent.Start(mode);
        SteadyDialling.AllAreAnswered(Traffic(lab), lab.Agent, () =>
        {
            for (int i = 0; i < Changes; i++)
            {
                int mark = lab.Agent.Mark();
                ChangeOther(api, i);
                lab.Agent.WaitFor(mark, "] \"Synced IPv4 rules (partial)");
                lab.Agent.WaitFor(mark, "] \"Synced IPv6 rules (partial)");
            }
        });
    }

    [SkippableFact]
    public void RepairsDisturbNobody() => Run((lab, traffic) =>
    {
        for (int i = 0; i < 3; i++)
        {
            int mark = lab.Agent.Mark();
            Damage(lab);
            lab.Agent.WaitFor(mark, "IPv4 rules are in place again");
            traffic.Await(Connections);
        }
    });

    [SkippableFact]
    public void RollingReplacementLosesNobody() => Run((lab, traffic) =>
    {
        LabEndpoint[] old = [StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")];
        LabEndpoint[] fresh = [StandardLab.Endpoint("a2"), StandardLab.Endpoint("b2")];
        string[] names = ["a1", "b1"];
        for (int i = 0; i < old.Length; i++)
        {
            LabEndpoint[] started = fresh[..(i + 1)];
            lab.Agent.Apply("service.yaml", Steady([.. old[i..], .. started]).ToManifest());
            traffic.Await(Connections);
            lab.Agent.Apply("service.yaml", Steady([old[i] with { IsTerminating = true }, .. old[(i + 1)..], .. started]).ToManifest());
            traffic.Await(Connections);
            lab.Agent.Apply("service.yaml", Steady([.. old[(i + 1)..], .. started]).ToManifest());
            traffic.Await(Connections);
            lab.Silence(names[i]);
            traffic.Await(Connections);
        }
    });

    [SkippableFact]
    public void RestartsDisturbNobody() => Run((lab, traffic) =>
    {
        lab.Agent.Stop();
        traffic.Await(Connections);
        lab.Agent.Start(mode);
        traffic.Await(Connections);
        lab.Agent.Kill();
        traffic.Await(Connections);
        lab.Agent.Start(mode);
    });

    /// <summary>Ten Services in turn: they appear, lose an endpoint, lose all, and go.</summary>
    private static void ChangeOther(LabApi api, int i)
    {
        LabService other = new($"other-{i % 10}", 40 + (i % 10));
        switch (i / 10 % 4)
        {
            case 0:
                api.Put(other with { Endpoints = [StandardLab.Endpoint("a1"), StandardLab.Endpoint("b3")] });
                break;
            case 1:
                api.Put(other with { Endpoints = [StandardLab.Endpoint("b3")] });
                break;
            case 2:
                api.Put(other);
                break;
            default:
                api.Delete(other);
                break;
        }
    }

    private void Run(Action<StandardLab, LabTraffic> body)
    {
        LabRequirements.RequireOrSkip();
        using StandardLab lab = new(StandardLab.KnowsPods);
        lab.Agent.Put("service.yaml", s_steady.ToManifest());
        lab.Agent.Start(mode);
        LabTraffic traffic = Traffic(lab);
        SteadyDialling.AllAreAnswered(traffic, lab.Agent, () => body(lab, traffic));
    }

    private static LabTraffic Traffic(StandardLab lab) => new([.. Ways(lab, isIPv6: false), .. Ways(lab, isIPv6: true)]);

    private static IEnumerable<(LabClient, IPEndPoint)> Ways(StandardLab lab, bool isIPv6)
    {
        LabClient client = lab.Client("outside", isIPv6);
        foreach (string to in new[] { "cluster", "lb", "nodeport" })
        {
            yield return (client, LabRow.Destination(to, s_steady, isIPv6));
        }
    }

    private static LabService Steady(IReadOnlyList<LabEndpoint> endpoints) => new("steady", 1) { Endpoints = endpoints };

    /// <summary>A change by a stranger that hurts no connection, but makes the agent write everything again.</summary>
    private void Damage(StandardLab lab)
    {
        if (mode == "nftables")
        {
            lab.Network.Node.Namespace.Run("nft", "add", "rule", "ip", "kube-proxy", "services", "counter");
        }
        else
        {
            lab.Network.Node.Namespace.Run("iptables-nft", "-w", "-t", "nat", "-A", "KUBE-SERVICES", "-s", "192.0.2.250", "-j", "RETURN");
        }
    }
}
