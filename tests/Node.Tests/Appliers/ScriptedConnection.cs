using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>Answers in place of the kernel as long as there are answers, which nothing is carried out for; then asks the kernel.</summary>
/// <param name="kernel">The connection to the kernel, which is closed with this.</param>
internal sealed class ScriptedConnection(IBatchConnection kernel) : IBatchConnection
{
    public Queue<BatchResult> Answers { get; } = [];

    public int Port => kernel.Port;

    /// <summary>A transaction that the kernel did not look at.</summary>
    public static BatchResult NotTaken(int error) => new(error, [], IsIncomplete: false);

    /// <summary>A transaction that the kernel gave up as a whole: its answer names the begin of the batch.</summary>
    public static BatchResult GivenUp(int error) => new(0, [new(1, error, 0, "")], IsIncomplete: false);

    public BatchResult Send(ReadOnlySpan<byte> batch) => Answers.TryDequeue(out BatchResult? answer) ? answer : kernel.Send(batch);

    public void Dispose() => kernel.Dispose();
}
