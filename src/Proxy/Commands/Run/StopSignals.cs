using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.Commands.Run;

/// <summary>
/// Turns SIGTERM and SIGINT into a cancellation, so that nothing is torn off in the middle; the exit code is that of a
/// process which the signal ended (spec 11.7).
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private const int SignalExitCodeBase = 128;
    private const int SigInt = 2;
    private const int SigTerm = 15;

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private volatile int _signal;

    public StopSignals()
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, SigTerm)),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, SigInt)),
        ];
    }

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>The exit code of the process: that of the command, unless a signal ended it.</summary>
    public int ExitCodeAfter(int exitCode) => _signal == 0 ? exitCode : SignalExitCodeBase + _signal;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
    }

    /// <summary>The second signal is not handled: it ends the process at once.</summary>
    private void Stop(PosixSignalContext context, int signal)
    {
        context.Cancel = _signal == 0;
        _signal = signal;
        _stop.Cancel();
    }
}
