using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Equivalence;

public sealed class FewestEditsTests
{
    /// <summary>Without what is named, both lists are the same; and no fewer can be named.</summary>
    [Fact]
    public void WhatIsLeftIsTheSameInTheSameOrder()
    {
        Random random = new(1);
        for (int round = 0; round < 3000; round++)
        {
            int kinds = random.Next(1, 12);
            int[] a = [.. Enumerable.Range(0, random.Next(0, 20)).Select(_ => random.Next(kinds))];
            int[] b = [.. Enumerable.Range(0, random.Next(0, 20)).Select(_ => random.Next(kinds))];

            (List<int> onlyA, List<int> onlyB) = new FewestEdits(a.Length, b.Length, (left, right) => a[left] == b[right]).Find()!.Value; // few enough

            a.Where((_, index) => !onlyA.Contains(index)).Should().Equal(b.Where((_, index) => !onlyB.Contains(index)));
            (onlyA.Count + onlyB.Count).Should().Be(a.Length + b.Length - (2 * Common(a, b)));
        }
    }

    [Fact]
    public void TooManyAreNotLookedFor()
    {
        new FewestEdits(1000, 1000, static (_, _) => false).Find().Should().BeNull();
        new FewestEdits(10_000, 10_001, static (left, right) => right == left + (left >= 5000 ? 1 : 0)).Find()!.Value.OnlyB.Should().Equal(5000);
    }

    private static int Common(int[] a, int[] b)
    {
        int[,] longest = new int[a.Length + 1, b.Length + 1];
        for (int i = a.Length - 1; i >= 0; i--)
        {
            for (int j = b.Length - 1; j >= 0; j--)
            {
                longest[i, j] = a[i] == b[j] ? longest[i + 1, j + 1] + 1 : Math.Max(longest[i + 1, j], longest[i, j + 1]);
            }
        }

        return longest[0, 0];
    }
}
