using KubeProxySharp.Proxy.Commands.Run;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Commands.Run;

/// <summary>Spec 11.5; every test looks by hand, no time passes.</summary>
public sealed class ConfigurationWatchTests : IDisposable
{
    private static readonly ILogger<ConfigurationWatch> s_logger = NullLogger<ConfigurationWatch>.Instance;

    private readonly string _folder = Directory.CreateTempSubdirectory("config-watch-").FullName;

    private string FilePath => Path.Combine(_folder, "config.conf");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NewContentCountsOnceItHasBeenFoundTwice()
    {
        ConfigurationWatch watch = Start("old");
        File.WriteAllText(FilePath, "ne");

        watch.HasChanged(s_logger).Should().BeFalse("it may be half written");
        File.WriteAllText(FilePath, "new");
        watch.HasChanged(s_logger).Should().BeFalse("it is still being written");
        watch.HasChanged(s_logger).Should().BeTrue();
    }

    [Fact]
    public void ATouchedOrRestoredFileIsNoChange()
    {
        ConfigurationWatch watch = Start("old");
        File.WriteAllText(FilePath, "old");
        watch.HasChanged(s_logger).Should().BeFalse();
        File.WriteAllText(FilePath, "new");
        watch.HasChanged(s_logger).Should().BeFalse();
        File.WriteAllText(FilePath, "old");

        watch.HasChanged(s_logger).Should().BeFalse();
        watch.HasChanged(s_logger).Should().BeFalse();
    }

    [Fact]
    public void AFileThatIsReplacedIsSeen()
    {
        ConfigurationWatch watch = Start("old");
        File.WriteAllText(FilePath + ".new", "new");
        File.Move(FilePath + ".new", FilePath, overwrite: true);

        watch.HasChanged(s_logger);
        watch.HasChanged(s_logger).Should().BeTrue();
    }

    /// <summary>The way kubelet changes a ConfigMap volume: ..data is redirected, then the old folder removed.</summary>
    [Fact]
    public void ARedirectedConfigMapIsSeen()
    {
        WriteFolder("..1", "old");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "..data"), "..1");
        File.CreateSymbolicLink(FilePath, "..data/config.conf");
        ConfigurationWatch watch = ConfigurationWatch.Start(FilePath, TimeProvider.System);
        WriteFolder("..2", "new");
        File.Delete(Path.Combine(_folder, "..data"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "..data"), "..2");
        Directory.Delete(Path.Combine(_folder, "..1"), recursive: true);

        watch.HasChanged(s_logger);
        watch.HasChanged(s_logger).Should().BeTrue();
    }

    [Fact]
    public void ARemovedFileIsNoChangeUntilItComesBackDifferent()
    {
        ConfigurationWatch watch = Start("old");
        File.Delete(FilePath);
        watch.HasChanged(s_logger).Should().BeFalse();
        watch.HasChanged(s_logger).Should().BeFalse();
        File.WriteAllText(FilePath, "new");

        watch.HasChanged(s_logger).Should().BeFalse();
        watch.HasChanged(s_logger).Should().BeTrue();
    }

    private ConfigurationWatch Start(string content)
    {
        File.WriteAllText(FilePath, content);
        return ConfigurationWatch.Start(FilePath, TimeProvider.System);
    }

    private void WriteFolder(string name, string content)
    {
        Directory.CreateDirectory(Path.Combine(_folder, name));
        File.WriteAllText(Path.Combine(_folder, name, "config.conf"), content);
    }
}
