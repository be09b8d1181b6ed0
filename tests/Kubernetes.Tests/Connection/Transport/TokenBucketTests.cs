using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Transport;

public sealed class TokenBucketTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public async Task ABurstGoesThroughAndThenTheRateHolds()
    {
        TokenBucket bucket = new(perSecond: 5, burst: 10, _time);
        for (int i = 0; i < 10; i++)
        {
            bucket.TakeAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully.Should().BeTrue();
        }

        Task first = bucket.TakeAsync(CancellationToken.None).AsTask();
        Task second = bucket.TakeAsync(CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(199));
        first.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await first;
        second.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        await second;
    }

    [Fact]
    public async Task ACancelledWaitGivesItsPlaceBack()
    {
        TokenBucket bucket = new(perSecond: 1, burst: 1, _time);
        await bucket.TakeAsync(CancellationToken.None);
        using CancellationTokenSource cancelled = new();
        Task given = bucket.TakeAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await FluentActions.Awaiting(() => given).Should().ThrowAsync<OperationCanceledException>();

        Task next = bucket.TakeAsync(CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1));

        await next;
    }

    [Fact]
    public async Task WatchesTakeNoTokens()
    {
        using HttpMessageInvoker client = new(new RateLimitHandler(new(perSecond: 1, burst: 1, _time), new OkHandler()));
        foreach (string query in (string[])["?watch=true", "?a=b&watch=1", "?x", "?watch=1"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "https://server/" + query);
            Task<HttpResponseMessage> sent = client.SendAsync(request, CancellationToken.None);
            sent.IsCompleted.Should().BeTrue("the clock stands still, and whoever waits for it waits for ever");
            (await sent).Dispose();
        }

        using HttpRequestMessage list = new(HttpMethod.Get, "https://server/?watch=false");
        Task<HttpResponseMessage> waiting = client.SendAsync(list, CancellationToken.None);
        waiting.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(1));
        (await waiting).Dispose();
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(5, -1)]
    [InlineData(float.NaN, 1)]
    public void ARateNeedsABurst(float rate, int burst)
    {
        FluentActions.Invoking(() => ApiConnection.Anonymous("server", new() { QueriesPerSecond = rate, Burst = burst }))
            .Should().Throw<ConnectionException>().WithMessage("*clientConnection.burst*");
    }

    private sealed class OkHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage());
    }
}
