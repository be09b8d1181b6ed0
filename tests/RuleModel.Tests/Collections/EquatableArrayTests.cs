using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Tests.Collections;

public sealed class EquatableArrayTests
{
    [Fact]
    public void EqualElementsMakeEqualArrays()
    {
        EquatableArray<string> left = ["a", "b"];
        EquatableArray<string> right = ["a", "b"];

        (left == right).Should().BeTrue();
        left.GetHashCode().Should().Be(right.GetHashCode());
        (left == ["b", "a"]).Should().BeFalse();
        (left == ["a"]).Should().BeFalse();
    }

    [Fact]
    public void TheDefaultIsEmpty()
    {
        EquatableArray<string> empty = default;

        empty.IsEmpty.Should().BeTrue();
        (empty == []).Should().BeTrue();
        empty.Equals((object)EquatableArray.Adopt<string>([])).Should().BeTrue();
    }

    [Fact]
    public void RecordsCompareByTheirArrays()
    {
        (new Holder([1, 2]) == new Holder([1, 2])).Should().BeTrue();
        (new Holder([1, 2]) == new Holder([1, 3])).Should().BeFalse();
    }

    private sealed record Holder(EquatableArray<int> Numbers);
}
