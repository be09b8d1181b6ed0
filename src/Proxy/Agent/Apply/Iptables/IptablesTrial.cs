using System.ComponentModel;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// A transaction that changes no rules in force: in a network namespace of its own, or, where none can be made, one that
/// iptables-restore only reads (<c>--test</c>).
/// </summary>
internal sealed class IptablesTrial : IDisposable
{
    private readonly ScratchNetns? _network;

    private IptablesTrial(IptablesTools tools, bool flushes, ProcessRunner runner, IptablesOptions options, ScratchNetns? network)
    {
        _network = network;
        Options = options;
        string[] how = network is null ? ["--test", "--noflush"] : flushes ? [] : ["--noflush"];
        ToolCall call = new(tools.Restore, [.. IptablesTools.Wait, .. how, "--counters"]) { TakesFile = true };
        Transaction = new(network is null ? runner : runner.In(network), call);
    }

    /// <summary>Whether the kernel takes or refuses the rules; else only their form is checked.</summary>
    public bool IsReal => _network is not null;

    /// <summary>What the place of the trial offers.</summary>
    public IptablesOptions Options { get; }

    /// <summary>Takes the text.</summary>
    public Transaction Transaction { get; }

    /// <summary>Makes the namespace if it can be made.</summary>
    /// <param name="tools">The tools.</param>
    /// <param name="flushes">Whether each table of the text takes the place of the one before, where that does no harm.</param>
    /// <param name="runner">Runs them.</param>
    /// <param name="options">What the host offers.</param>
    /// <param name="log">Where messages go.</param>
    public static IptablesTrial Begin(IptablesTools tools, bool flushes, ProcessRunner runner, IptablesOptions options, ILogger log)
    {
        ScratchNetns network;
        try
        {
            network = ScratchNetns.Create();
        }
        catch (Win32Exception e)
        {
            log.TriedByForm(tools.Family, e.Message);
            return new(tools, flushes, runner, options, network: null);
        }

        return new(tools, flushes, runner, new NfacctCounters(network, log).Ensure(options), network);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Transaction.Dispose();
        _network?.Dispose();
    }
}
