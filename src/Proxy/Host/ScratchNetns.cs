using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using KubeProxySharp.Proxy.Host.Interop;

namespace KubeProxySharp.Proxy.Host;

/// <summary>
/// An empty network namespace of its own, held by a thread that does nothing else. The kernel removes it when the thread
/// and the processes started from it have ended.
/// </summary>
internal sealed class ScratchNetns : INetworkNamespace, IDisposable
{
    private readonly BlockingCollection<Action> _actions = new(boundedCapacity: 16);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;

    private ScratchNetns()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "network" };
        _thread.Start();
    }

    /// <summary>Makes a namespace.</summary>
    /// <exception cref="Win32Exception">The kernel does not permit it, for want of CAP_SYS_ADMIN for instance.</exception>
    public static ScratchNetns Create()
    {
        ScratchNetns network = new();
        try
        {
            network._ready.Task.GetAwaiter().GetResult();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public T Run<T>(Func<T> action)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _actions.Add(() =>
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Ends the thread, and with it the namespace.</summary>
    public void Dispose()
    {
        _actions.CompleteAdding();
        _thread.Join();
        _actions.Dispose();
    }

    private void Work()
    {
        if (LibC.Unshare(LibC.CloneNewNet) != 0)
        {
            _ready.SetException(new Win32Exception(Marshal.GetLastPInvokeError()));
            return;
        }

        _ready.SetResult();
        foreach (Action action in _actions.GetConsumingEnumerable())
        {
            action();
        }
    }
}
