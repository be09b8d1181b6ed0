using KubeProxySharp.Proxy.Agent.Drift;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift;

/// <summary>Which changes of the sizes of legacy tables were harmless before.</summary>
public sealed class KnownHarmlessChangesTests
{
    private readonly KnownHarmlessChanges _changes = new();

    [Fact]
    public void AChangeIsFamiliarOnceOurRulesWereFoundIntactAfterIt()
    {
        _changes.Take(Sizes(10, 5), Sizes(12, 5)).Should().BeFalse();
        _changes.Take(Sizes(10, 5), Sizes(12, 5)).Should().BeFalse("nobody has looked yet");

        _changes.Learn(_changes.Begin());

        _changes.Take(Sizes(10, 5), Sizes(12, 5)).Should().BeTrue();
        _changes.Take(Sizes(12, 5), Sizes(10, 5)).Should().BeTrue("what was added is removed again");
        _changes.Take(Sizes(112, 7), Sizes(114, 7)).Should().BeTrue("our own rules may have become more meanwhile");
        _changes.Take(Sizes(12, 5), Sizes(11, 5)).Should().BeFalse();
        _changes.Take(Sizes(10, 5), Sizes(12, 6)).Should().BeFalse();
    }

    [Fact]
    public void AChangeDuringTheLookIsNotLearned()
    {
        _changes.Take(Sizes(10, 5), Sizes(12, 5));
        string[] before = _changes.Begin();
        _changes.Take(Sizes(12, 5), Sizes(11, 5));

        _changes.Learn(before);

        _changes.Take(Sizes(12, 5), Sizes(11, 5)).Should().BeFalse();
    }

    [Fact]
    public void OnlySoMuchIsRemembered()
    {
        for (int change = 1; change <= 10_000; change++)
        {
            _changes.Take(Sizes(0, 0), Sizes(change, 0));
            _changes.Learn(_changes.Begin());
        }

        _changes.Take(Sizes(0, 0), Sizes(10_000, 0)).Should().BeTrue();
        _changes.Take(Sizes(0, 0), Sizes(1, 0)).Should().BeFalse();
    }

    private static LegacySizes Sizes(params int[] numbers) => new(numbers);
}
