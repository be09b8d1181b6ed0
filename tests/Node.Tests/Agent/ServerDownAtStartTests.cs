using System.Net;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>A node that boots while the API server is down: the Pod must not be killed, and rules follow when it comes.</summary>
[Trait("Category", "Netns")]
public sealed class ServerDownAtStartTests
{
    [SkippableFact]
    public async Task TheAgentIsAliveSaysWhatItWaitsForAndGoesOnWhenTheServerComes()
    {
        await using AgentLab lab = await AgentLab.CreateOrSkipAsync();
        lab.Put(ApiObjects.Node());
        await lab.Server.StopListeningAsync();
        lab.StartAgent();

        await lab.UntilAsync(() => Ask(lab, "/livez").Status == HttpStatusCode.OK, () => "/livez does not answer");
        (HttpStatusCode? status, string text) = Ask(lab, "/healthz?verbose");
        status.Should().Be(HttpStatusCode.ServiceUnavailable);
        text.Should().Contain("start waits for the API server to answer for Node ");
        lab.Agent.Count("Waiting for the API server to answer for Node ").Should().Be(1);

        await lab.Server.StartListeningAsync();

        await lab.UntilRulesAreThereAsync();
        await lab.UntilAsync(() => Ask(lab, "/healthz").Status == HttpStatusCode.OK, () => "/healthz: " + Ask(lab, "/healthz?verbose").Text);
    }

    private static (HttpStatusCode? Status, string Text) Ask(AgentLab lab, string path)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "http://127.0.0.1:10256" + path);
            using HttpResponseMessage reply = lab.Http.Send(request);
            using StreamReader reader = new(reply.Content.ReadAsStream());
            return (reply.StatusCode, reader.ReadToEnd());
        }
        catch (HttpRequestException)
        {
            return (null, "");
        }
    }
}
