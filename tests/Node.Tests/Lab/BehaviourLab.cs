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
    /// <param name="manifests">The Services.</param>
    protected BehaviourLab(string mode, string variant, string manifests)
    {
        Mode = mode;
        _variant = variant;
        if (LabGround.WhyNot() is not null)
        {
            return;
        }

        _lab = new(StandardLab.KnowsPods);
        try
        {
            _lab.Agent.Put("services.yaml", manifests);
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

    /// <summary>Ends the agent and starts it again; its rules stay in between.</summary>
    /// <param name="configuration">Its new configuration; null for the same.</param>
    public void Restart(string? configuration = null)
    {
        Lab.Agent.Configuration = configuration ?? Lab.Agent.Configuration;
        Lab.Agent.Stop();
        Lab.Agent.Start(Mode, _variant);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lab?.Dispose();
        GC.SuppressFinalize(this);
    }
}
