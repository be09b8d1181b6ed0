using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KubeProxySharp.FakeApi;

/// <content>The listeners, which can be stopped and started again.</content>
public sealed partial class FakeApiServer
{
    private WebApplication? _host;
    private int _securePort;
    private int _clearHttp2Port;
    private int _clearHttp1Port;
    private volatile bool _stopping;

    internal bool IsStopping => _stopping;

    /// <summary>Stops listening and drops all connections: new ones are refused until <see cref="StartListeningAsync"/>.</summary>
    public async Task StopListeningAsync()
    {
        if (_host is not { } host)
        {
            return;
        }

        _host = null;
        _stopping = true;
        _gate.DropAll();
        Store.WakeWatches();
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        try
        {
            await host.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // The host throws this when it has to stop without waiting.
        }

        await host.DisposeAsync();
    }

    /// <summary>Listens again on the same ports, with the same objects and history.</summary>
    public async Task StartListeningAsync(CancellationToken cancellationToken = default)
    {
        if (_host is not null)
        {
            return;
        }

        _stopping = false;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        if (Options.Bind is { } bind)
        {
            builder.Services.Configure<SocketTransportOptions>(sockets => sockets.CreateBoundListenSocket = bind);
        }

        WebApplication application = builder.Build();
        application.Run(_handler.HandleAsync);
        await application.StartAsync(cancellationToken);
        _host = application;
        int[] ports = [.. application.Urls.Select(address => new Uri(address).Port)];
        (_securePort, _clearHttp2Port, _clearHttp1Port) = (ports[0], ports[1], ports[2]);
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 8 * 1024 * 1024;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        // The settings of the real server (kubernetes-wire.md 3.8).
        kestrel.Limits.Http2.MaxStreamsPerConnection = 100;
        kestrel.Limits.Http2.InitialStreamWindowSize = 256 * 1024;
        kestrel.Limits.Http2.MaxFrameSize = 256 * 1024;
        kestrel.Listen(IPAddress.Loopback, _securePort, listen => Secure(listen));
        kestrel.Listen(IPAddress.Loopback, _clearHttp2Port, listen => Clear(listen, HttpProtocols.Http2));
        kestrel.Listen(IPAddress.Loopback, _clearHttp1Port, listen => Clear(listen, HttpProtocols.Http1));
    }

    private void Secure(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use((connection, next) => _gate.OnConnectionAsync(connection, next));
        listen.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, _) => Authority.Server(Certificate);
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            // The user is authenticated per request, as in the API server.
            https.AllowAnyClientCertificate();
            https.CheckCertificateRevocation = false;
            // When the server hangs, the client's timeout ends the handshake, not this one.
            https.HandshakeTimeout = TimeSpan.FromMinutes(10);
        });
    }

    private void Clear(ListenOptions listen, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        listen.Use((connection, next) => _gate.OnConnectionAsync(connection, next));
    }
}
