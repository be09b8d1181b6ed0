using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Kubernetes.Connection;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Transport;

public sealed class HalfOpenConnectionTests : IDisposable
{
    private readonly ConnectionBench _bench = new();
    private readonly TestAuthority _authority = TestAuthority.Create("cluster-ca");

    [Fact]
    public async Task AWatchOverASilentlyLostConnectionFails()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"), async context =>
        {
            await context.Response.WriteAsync("a");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        using Relay relay = new(server.Port);
        ConnectionSettings impatient = _bench.Settings with { PingDelay = TimeSpan.FromSeconds(1), PingTimeout = TimeSpan.FromSeconds(1) };
        string path = _bench.Kubeconfig($"{{server: 'https://127.0.0.1:{relay.Port}', certificate-authority-data: {ConnectionBench.Base64(_authority.Pem)}}}");
        using ApiConnection connection = ApiConnection.FromKubeconfig(path, "", impatient);
        using HttpResponseMessage watch = await connection.Client.GetAsync(new Uri("w?watch=1", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await watch.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[1];
        (await stream.ReadAsync(buffer)).Should().Be(1);

        relay.Freeze();

        await FluentActions.Awaiting(() => stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System))
            .Should().ThrowAsync<IOException>();
    }

    [Fact]
    public void PingsAreSentAfterHalfAMinuteAndAnsweredWithinAQuarter()
    {
        ConnectionSettings defaults = new();

        defaults.PingDelay.Should().Be(TimeSpan.FromSeconds(30));
        defaults.PingTimeout.Should().Be(TimeSpan.FromSeconds(15));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _bench.Dispose();
    }

    /// <summary>Passes bytes on until it is frozen; its connections stay open.</summary>
    private sealed class Relay : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _open = [];
        private readonly int _target;
        private volatile bool _isFrozen;

        public Relay(int target)
        {
            _target = target;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Freeze() => _isFrozen = true;

        public void Dispose()
        {
            _listener.Stop();
            _open.ForEach(client => client.Dispose());
        }

        private async Task AcceptAsync()
        {
            TcpClient near = await _listener.AcceptTcpClientAsync();
            TcpClient far = new();
            await far.ConnectAsync(IPAddress.Loopback, _target);
            _open.AddRange([near, far]);
            _ = PumpAsync(near.GetStream(), far.GetStream());
            _ = PumpAsync(far.GetStream(), near.GetStream());
        }

        private async Task PumpAsync(NetworkStream from, NetworkStream to)
        {
            byte[] buffer = new byte[4096];
            try
            {
                for (int count = await from.ReadAsync(buffer); count > 0 && !_isFrozen; count = await from.ReadAsync(buffer))
                {
                    await to.WriteAsync(buffer.AsMemory(0, count));
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
