using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Output;

public sealed class ProgressTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly StringWriter _terminal = new();

    public void Dispose() => _terminal.Dispose();

    [Fact]
    public void APersonIsToldWhatTakesMoreThanASecond()
    {
        using (Progress progress = new(_terminal, isTerminal: true, _time))
        {
            progress.Step("reading flows");
            _time.Advance(TimeSpan.FromMilliseconds(999));
            _terminal.ToString().Should().BeEmpty();

            _time.Advance(TimeSpan.FromMilliseconds(1));
            _terminal.ToString().Should().EndWith("reading flows ... 1 s");

            progress.Step("comparing rules");
            _time.Advance(TimeSpan.FromSeconds(1));
            _terminal.ToString().Should().EndWith("comparing rules ... 2 s");
        }

        _terminal.ToString().Should().EndWith("\r\u001b[K", "the report begins on a clean line");
        string atTheEnd = _terminal.ToString();
        _time.Advance(TimeSpan.FromSeconds(5));
        _terminal.ToString().Should().Be(atTheEnd);
    }

    [Theory]
    [InlineData(false, 5000)]
    [InlineData(true, 500)]
    public void NobodyElseIs(bool isTerminal, int milliseconds)
    {
        using (Progress progress = new(_terminal, isTerminal, _time))
        {
            progress.Step("reading flows");
            _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }

        _terminal.ToString().Should().BeEmpty();
    }
}
