using System.Net;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>The parts of the host that the agent uses; tests replace them.</summary>
internal sealed record AgentHost
{
    /// <summary>The files below /proc and /sys.</summary>
    public KernelFiles Files { get; init; } = new();

    public required ProcessRunner Runner { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Name of the host, with the domain if the host name includes it, as the name of a Node may. <see cref="System.Environment.MachineName"/> cuts the domain off.</summary>
    public string HostName { get; init; } = Dns.GetHostName();

    /// <summary>Reads a variable of the environment.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The host that the program runs on.</summary>
    public static AgentHost OfProcess(TimeProvider time) => new() { Runner = new(HostNetns.Instance, time), Time = time };
}
