using System.Text;

namespace KubeProxySharp.Kubernetes.Tests;

public sealed class Utf8StringPoolTests
{
    [Fact]
    public void EqualBytesGiveTheSameString()
    {
        Utf8StringPool pool = new();
        string[] first = [.. Enumerable.Range(0, 5000).Select(number => pool.Get(Encoding.UTF8.GetBytes($"node-{number}")))];

        for (int number = 0; number < first.Length; number++)
        {
            string again = pool.Get(Encoding.UTF8.GetBytes($"node-{number}"));

            again.Should().BeSameAs(first[number]).And.Be($"node-{number}");
        }
    }

    /// <summary>Names of Services and nodes come and go for as long as the agent runs.</summary>
    [Fact]
    public void WhatIsNoLongerAskedForIsForgotten()
    {
        Utf8StringPool pool = new();
        string steady = pool.Get("zone-a"u8);

        for (int number = 0; number < 200_000; number++)
        {
            pool.Get(Encoding.UTF8.GetBytes($"svc-{number}"));
            ReferenceEquals(pool.Get("zone-a"u8), steady).Should().BeTrue();
        }

        pool.Count.Should().BeLessThan(70_000);
    }

    [Fact]
    public void OtherTextsComeThroughUnshared()
    {
        Utf8StringPool pool = new();

        pool.Get("é"u8).Should().Be("é");
        pool.Get(Encoding.ASCII.GetBytes(new string('x', 300))).Should().HaveLength(300);
        pool.Get(default).Should().BeEmpty();
    }
}
