using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>A lab whose agent serves some Services; made once for a class of tests.</summary>
public abstract class BehaviourLab : IDisposable
{
    private readonly string _variant;
    private readonly StandardLab? _lab;

    /// <summary>Builds the lab and starts the agent, unless no lab can be built here.</summary>
    /// <param name="mode">iptables or nftables.</param>
    /// <param name="variant">Which iptables.</param>
    /// <param name="parts">The Services: the first part is there when the agent starts, the others come as changes. Everybody reaches the last.</param>
    protected BehaviourLab(string mode, string variant, params LabService[][] parts)
    {
        Mode = mode;
        _variant = variant;
        if (LabRequirements.WhyNot() is not null)
        {
            return;
        }

        _lab = new(StandardLab.KnowsPods);
        try
        {
            Put(0, parts[0]);
            _lab.Agent.Start(mode, variant);
            for (int i = 1; i < parts.Length; i++)
            {
                Put(i, parts[i]);
            }

            // Changes need not be one for the agent; the last Service comes last.
            foreach (bool isIPv6 in new[] { false, true })
            {
                SpinWait.SpinUntil(() => IsAnswered(parts[^1][^1], isIPv6), TimeSpan.FromMinutes(1)).Should().BeTrue(_lab.Agent.Log);
            }
        }
        catch
        {
            _lab.Dispose();
            throw;
        }
    }

    /// <summary>iptables or nftables.</summary>
    public string Mode { get; }

    /// <summary>The lab; skips the test where there is none.</summary>
    public StandardLab Lab
    {
        get
        {
            LabRequirements.RequireOrSkip();
            return _lab!;
        }
    }

    /// <summary>Ends the agent and starts it again; its rules stay in between.</summary>
    /// <param name="configuration">Its new configuration; null for the same.</param>
    public void Restart(string? configuration = null)
    {
        Lab.Agent.Configuration = configuration ?? Lab.Agent.Configuration;
        Lab.Agent.Stop();
        Lab.Agent.Start(Mode, _variant);
    }

    private void Put(int number, LabService[] part) => _lab!.Agent.Put($"services-{number}.yaml", string.Concat(part.Select(service => service.ToManifest())));

    private bool IsAnswered(LabService service, bool isIPv6)
    {
        IPEndPoint destination = LabRow.Destination("cluster", service, isIPv6);
        ProtocolType protocol = service.Protocol == "TCP" ? ProtocolType.Tcp : ProtocolType.Udp;
        return _lab!.Client("a3", isIPv6).DialAsync(protocol, destination, LabClient.DropTimeout).GetAwaiter().GetResult().Outcome == Outcome.Answered;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lab?.Dispose();
        GC.SuppressFinalize(this);
    }
}
