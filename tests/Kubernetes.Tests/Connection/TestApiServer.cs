using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KubeProxySharp.Kubernetes.Tests.Connection;

/// <summary>A server with TLS and a real socket, which remembers what it was asked.</summary>
public sealed class TestApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestApiServer(WebApplication app)
    {
        _app = app;
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public int Port { get; }

    public string Url => $"https://127.0.0.1:{Port}";

    public ConcurrentQueue<ReceivedRequest> Requests { get; } = new();

    public static async Task<TestApiServer> StartAsync(
        X509Certificate2? certificate,
        RequestDelegate? answer = null,
        HttpProtocols protocols = HttpProtocols.Http1AndHttp2,
        X509Certificate2Collection? chain = null,
        IPAddress? address = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(address ?? IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is null)
            {
                return;
            }

            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ServerCertificateChain = chain;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            });
        }));
        WebApplication app = builder.Build();
        TestApiServer? server = null;
        app.Run(async context =>
        {
            server!.Requests.Enqueue(ReceivedRequest.Of(context));
            await (answer ?? (static _ => Task.CompletedTask))(context);
        });
        // Requests only come after the port is known.
        await app.StartAsync();
        server = new(app);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>What a server saw of a request.</summary>
public sealed record ReceivedRequest(
    string Protocol, string Target, string Host, string Authorization, string Certificate, IReadOnlyDictionary<string, string> Headers)
{
    public static ReceivedRequest Of(HttpContext context) => new(
        context.Request.Protocol,
        context.Request.Path + context.Request.QueryString,
        context.Request.Host.Value ?? "",
        context.Request.Headers.Authorization.ToString(),
        context.Connection.ClientCertificate?.Subject ?? "",
        context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
}
