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

    [Fact]
    public void OtherTextsComeThroughUnshared()
    {
        Utf8StringPool pool = new();

        pool.Get("é"u8).Should().Be("é");
        pool.Get(Encoding.ASCII.GetBytes(new string('x', 300))).Should().HaveLength(300);
        pool.Get(default).Should().BeEmpty();
    }
}
