using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Transport;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>A server that refuses an agent whose rules are complete: they stay, and follow again when it does no more.</summary>
[Trait("Category", "Netns")]
public sealed class RefusalTests
{
    [SkippableFact]
    public Task TheCertificateExpires() => FaultyServer.HappensAsync(async lab =>
    {
        lab.Server.Certificate = ServerCertificate.Expired;
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        await lab.UntilLoggedAsync("the server's certificate");
        lab.Server.Certificate = ServerCertificate.Valid;
    });

    [SkippableFact]
    public Task TheTokenIsRevoked() => FaultyServer.HappensAsync(async lab =>
    {
        lab.Server.RevokeToken(lab.Server.Options.Token);
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        await lab.UntilLoggedAsync("check the token");
        lab.Server.AddToken(lab.Server.Options.Token, "system:kube-proxy");
    });

    [SkippableFact]
    public Task ARightIsTakenAway() => FaultyServer.HappensAsync(async lab =>
    {
        lab.Server.Options.Authorize = (_, _, type) => type != ResourceType.Services;
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        await lab.UntilLoggedAsync("system:node-proxier");
        lab.Server.Options.Authorize = null;
    });

    [SkippableFact]
    public Task TheServerIsOverloaded() => FaultyServer.HappensAsync(async lab =>
    {
        lab.Server.Faults.Inject(AnswerFault.TooManyRequests(retryAfter: 1), times: 6);
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        await lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the server was not asked");
    });

    [SkippableFact]
    public Task TheServerHasInternalErrors() => FaultyServer.HappensAsync(async lab =>
    {
        lab.Server.Faults.Inject(new AnswerFault(500, "InternalError"), times: 2);
        lab.Server.Faults.Inject(AnswerFault.BadGateway(), times: 2);
        lab.Server.Faults.Inject(new AnswerFault(503, "ServiceUnavailable"), times: 2);
        lab.Server.Faults.Inject(new ResetFault(), times: 2);
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        await lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the server was not asked");
    });

    [SkippableFact]
    public Task TheServerClosesItsConnections() => FaultyServer.HappensAsync(lab =>
    {
        lab.Server.Faults.Inject(new GoAwayFault(), times: 4);
        lab.Server.DropConnections();
        FaultyServer.Change(lab);
        return lab.UntilAsync(() => lab.Server.Faults.Pending == 0, () => "the server was not asked");
    });
}
