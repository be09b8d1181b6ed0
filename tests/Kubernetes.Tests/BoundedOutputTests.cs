namespace KubeProxySharp.Kubernetes.Tests;

public sealed class BoundedOutputTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    [InlineData(100_000)]
    [InlineData(100_001)]
    [InlineData(3_000_000)]
    public async Task TheBeginningIsKeptAndAllIsRead(int length)
    {
        const int Most = 100_000;
        byte[] text = new byte[length];
        new Random(length).NextBytes(text);
        using MemoryStream stream = new(text);
        BoundedOutput output = new(Most);

        await output.CopyFromAsync(stream, default);

        output.Kept.ToArray().Should().Equal(text.Take(Most));
        stream.Position.Should().Be(length);
    }
}
