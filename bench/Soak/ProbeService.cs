using System.Diagnostics;
using System.Net.Sockets;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>
/// A Service with one endpoint, which is replaced to see how long a change takes: from its arrival in the API server until
/// a new connection is answered by the new endpoint.
/// </summary>
internal sealed class ProbeService(SoakNetwork network, ObjectStore store, int number)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(4);

    private bool _isSecond;

    /// <summary>Puts the Service in place.</summary>
    public void Create()
    {
        store.Put(SoakServices.Service(number));
        store.Put(SoakServices.Slice(number, Endpoint()));
    }

    /// <summary>Replaces the endpoint.</summary>
    /// <returns>How long it took; null when it was not there in time.</returns>
    public async Task<TimeSpan?> MoveAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        _isSecond = !_isSecond;
        string expected = Endpoint();
        long begin = Stopwatch.GetTimestamp();
        store.Put(SoakServices.Slice(number, expected));
        while (Stopwatch.GetElapsedTime(begin) < limit)
        {
            Answer answer = await network.Client.DialAsync(ProtocolType.Tcp, SoakServices.Destination(number), LabClient.DropTimeout);
            if (answer.Who == expected)
            {
                return Stopwatch.GetElapsedTime(begin);
            }

            await Pace.WaitAsync(s_look, cancellationToken);
        }

        return null;
    }

    private string Endpoint() => SoakNetwork.Pod((2 * (number % 16)) + (_isSecond ? 2 : 1));
}
