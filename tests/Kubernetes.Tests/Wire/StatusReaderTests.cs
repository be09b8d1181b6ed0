using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

public sealed class StatusReaderTests
{
    /// <summary>Watches, probes and Events all wait for what is read here.</summary>
    [Theory]
    [InlineData(119, 119)]
    [InlineData(121, 120)]
    [InlineData(int.MaxValue, 120)]
    public void AServerCannotAskForMoreThanTwoMinutes(int asked, int waited)
    {
        new ApiStatus { RetryAfter = TimeSpan.FromSeconds(asked) }.RetryAfter.Should().Be(TimeSpan.FromSeconds(waited));
    }

    [Fact]
    public void RecordedFailuresAreEqualInBothFormats()
    {
        string[] failures =
        [
            .. RecordedBodies.Pairs("errors", "4").Concat(RecordedBodies.Pairs("errors", "5"))
                .Where(name => !name.Contains("watch-expired", StringComparison.Ordinal)),
        ];
        foreach (string name in failures)
        {
            ApiStatus protobuf = ErrorReader.Parse(RecordedBodies.Body(name + ".pb"), WireFormat.Protobuf);
            ApiStatus json = ErrorReader.Parse(RecordedBodies.Body(name + ".json"), WireFormat.Json);

            // The texts were recorded one after the other and name the version of their moment.
            string message = json.Message.Replace("current: 136", "current: 142", StringComparison.Ordinal);
            protobuf.Should().Be(json with { Message = message }, name);
            protobuf.Code.Should().Be(int.Parse(Path.GetFileName(name)[..3]), name);
            protobuf.Reason.Should().NotBeEmpty(name);
        }

        failures.Should().HaveCountGreaterThan(10);
    }

    [Fact]
    public void ATooLargeVersionIsKnownByItsCause()
    {
        ApiStatus status = ErrorReader.Parse(RecordedBodies.Body("errors/504-too-large-rv.pb"), WireFormat.Protobuf);

        status.IsVersionTooLarge.Should().BeTrue();
        status.IsExpired.Should().BeFalse();
        status.RetryAfter.Should().Be(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void TextOfAProxyIsShortenedAndStripped()
    {
        byte[] page = System.Text.Encoding.UTF8.GetBytes("<html>\r\n" + new string('x', 5000));

        ApiStatus status = ErrorReader.Parse(page, WireFormat.Unknown);

        status.Reason.Should().BeEmpty();
        status.Message.Should().HaveLength(256).And.StartWith("<html>  xxx");
    }
}
