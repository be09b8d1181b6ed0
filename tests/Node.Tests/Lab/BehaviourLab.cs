using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>A lab whose agent serves all Services of <see cref="BehaviourTable"/>; made once for a class of tests.</summary>
public abstract class BehaviourLab : IDisposable
{
    private readonly StandardLab? _lab;

    /// <summary>Builds the lab and starts the agent, unless no lab can be built here.</summary>
    /// <param name="mode">iptables or nftables.</param>
    /// <param name="variant">Which iptables.</param>
    /// <param name="configuration">Further configuration of the agent.</param>
    protected BehaviourLab(string mode, string variant, string configuration)
    {
        Mode = mode;
        if (LabGround.WhyNot() is not null)
        {
            return;
        }

        _lab = new(configuration);
        try
        {
            _lab.Agent.Put("services.yaml", BehaviourTable.Manifests);
            _lab.Agent.Start(mode, variant);
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
            LabGround.RequireOrSkip();
            return _lab!;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lab?.Dispose();
        GC.SuppressFinalize(this);
    }
}
