using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Tests.Host;

public sealed class OutputFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    private string Target => Path.Combine(_directory.FullName, "a");

    [Fact]
    public void ADeviceIsWrittenToAndStaysOne()
    {
        string link = Path.Combine(_directory.FullName, "link");
        File.CreateSymbolicLink(link, "/dev/null");

        OutputFile.Write(link, static file => file.Write("new"u8));

        new FileInfo(link).LinkTarget.Should().Be("/dev/null");
        File.ReadAllText("/dev/null").Should().BeEmpty();
    }

    [Fact]
    public void AFileMadeMeanwhileIsKept()
    {
        Action write = () => OutputFile.Write(Target, file => File.WriteAllText(Target, "mine"), overwrite: false);

        write.Should().Throw<IOException>();
        File.ReadAllText(Target).Should().Be("mine");
        _directory.GetFiles().Should().ContainSingle("no temporary file is left");
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
