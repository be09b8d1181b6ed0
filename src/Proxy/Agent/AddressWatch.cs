using System.Net.NetworkInformation;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>Tells when the addresses on the interfaces changed: the kernel reports it, nothing is polled.</summary>
internal sealed class AddressWatch : IDisposable
{
    private readonly NetworkAddressChangedEventHandler _handler;

    /// <summary>Starts to watch.</summary>
    /// <param name="changed">Called from any thread.</param>
    public AddressWatch(Action changed)
    {
        _handler = (_, _) => changed();
        NetworkChange.NetworkAddressChanged += _handler;
    }

    /// <inheritdoc/>
    public void Dispose() => NetworkChange.NetworkAddressChanged -= _handler;
}
