using System.Net;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>The parts of the host that the agent works on; a test may put others in their place.</summary>
internal sealed record AgentHost
{
    /// <summary>Files of the kernel.</summary>
    public KernelFiles Files { get; init; } = new();

    /// <summary>Runs tools.</summary>
    public required ProcessRunner Runner { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Name of the host, with its domain if the host has it there: Nodes may be named so. <see cref="Environment.MachineName"/> cuts it.</summary>
    public string HostName { get; init; } = Dns.GetHostName();

    /// <summary>The host that the program runs on.</summary>
    public static AgentHost OfProcess(TimeProvider time) => new() { Runner = new(HostNetns.Instance, time), Time = time };
}
