using System.IO.MemoryMappedFiles;
using KubeProxySharp.Proxy.Agent;

namespace KubeProxySharp.Proxy.Tests.Agent;

public sealed class ProgramPagesTests
{
    private const string File = "/usr/bin/kube-proxy-sharp";

    [Theory]
    [InlineData("7f0000000000-7f0000003000 r-xp 00001000 08:01 42                 /usr/bin/kube-proxy-sharp", 0x7f0000000000, 0x3000)]
    [InlineData("7f0000000000-7f0000003000 r--s 00001000 08:01 42 /usr/bin/kube-proxy-sharp", 0x7f0000000000, 0x3000)]
    [InlineData("7f0000000000-7f0000003000 rw-p 00001000 08:01 42 /usr/bin/kube-proxy-sharp", 0, 0)]
    [InlineData("7f0000000000-7f0000003000 r-xp 00001000 08:01 42 /usr/bin/other", 0, 0)]
    [InlineData("7f0000000000-7f0000003000 r-xp 00001000 08:01 42 /other/usr/bin/kube-proxy-sharp", 0, 0)]
    [InlineData("7f0000000000-7f0000003000 r-xp 00000000 00:00 0", 0, 0)]
    [InlineData("", 0, 0)]
    public void PartsOfTheFileThatAreOnlyReadAreFound(string line, long start, long length)
    {
        bool isFound = ProgramPages.TryParse(line, File, out nuint foundStart, out nuint foundLength);

        isFound.Should().Be(length != 0);
        ((long)foundStart, (long)foundLength).Should().Be((start, length));
    }

    [Fact]
    public void WhatIsGivenBackIsNoLongerInMemoryAndStillThere()
    {
        const int Size = 4 * 1024 * 1024;
        string path = Path.Combine(AppContext.BaseDirectory, $"pages-{Guid.NewGuid():n}");
        byte[] content = new byte[Size];
        new Random(1).NextBytes(content);
        try
        {
            using (FileStream file = System.IO.File.Create(path))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            using MemoryMappedFile mapped = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            using MemoryMappedViewStream view = mapped.CreateViewStream(0, Size, MemoryMappedFileAccess.Read);
            byte[] read = new byte[Size];
            view.ReadExactly(read);
            int before = Resident(path);

            ProgramPages.GiveBack(path);

            int after = Resident(path);
            view.Position = 0;
            view.ReadExactly(read);
            read.AsSpan().SequenceEqual(content).Should().BeTrue();
            before.Should().BeGreaterThan(Size / 1024 / 2);
            after.Should().BeLessThan(before / 2);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    /// <summary>What of a file is in the memory of this process, in kB.</summary>
    private static int Resident(string path)
    {
        IEnumerable<string> lines = System.IO.File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal));
        return int.Parse(lines.First(line => line.StartsWith("Rss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
