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

/// <content>The listeners, which can go down and come back.</content>
public sealed partial class FakeApiServer
{
    private WebApplication? _host;
    private int _securePort;
    private int _clearHttp2Port;
    private int _clearHttp1Port;
    private volatile bool _stopping;

    internal bool IsStopping => _stopping;

    /// <summary>Stops listening and tears all connections off: connects are refused until <see cref="ComeBackAsync(CancellationToken)"/>.</summary>
    public async Task GoDownAsync()
    {
        if (_host is not { } host)
        {
            return;
        }

        _host = null;
        _stopping = true;
        _gate.DropAll();
        Store.Announce();
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        try
        {
            await host.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop without waiting, the host says so in this way.
        }

        await host.DisposeAsync();
    }

    /// <summary>Listens again on the same ports, with the same objects and history.</summary>
    public async Task ComeBackAsync(CancellationToken cancellationToken = default)
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
        // What the real server announces (kubernetes-wire.md 3.8).
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
            // Who it is is decided per request, as the API server does.
            https.AllowAnyClientCertificate();
            https.CheckCertificateRevocation = false;
            // "Accept and hang" is a matter of the client's patience, not of ours.
            https.HandshakeTimeout = TimeSpan.FromMinutes(10);
        });
    }

    private void Clear(ListenOptions listen, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        listen.Use((connection, next) => _gate.OnConnectionAsync(connection, next));
    }
}
