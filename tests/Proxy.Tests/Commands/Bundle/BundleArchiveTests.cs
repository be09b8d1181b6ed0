using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle;

/// <summary>Archives, also those that somebody made to do harm.</summary>
public sealed class BundleArchiveTests
{
    private const string Manifest = BundlePart.Root + "manifest.json";

    private static readonly byte[] s_manifest = new BundleManifest { Node = "node-a" }.ToJson();

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        BundleContents bundle = RecordedBundle.Of(RecordedCases.Cases[0], ProxyMode.Nftables);
        using MemoryStream archive = new();
        BundleArchive.Write(bundle, archive);
        archive.Position = 0;
        List<string> ignored = [];

        BundleContents read = BundleArchive.Read("a", archive, ignored);

        read.Manifest.ToJson().Should().Equal(bundle.Manifest.ToJson());
        read.Files.Keys.Should().BeEquivalentTo(bundle.Files.Keys);
        read.Files.Should().AllSatisfy(file => file.Value.Should().Equal(bundle.Files[file.Key]));
        ignored.Should().BeEmpty();
    }

    [Fact]
    public void OnlyRegularFilesOfTheFixedNamesAreRead()
    {
        List<string> ignored = [];

        BundleContents read = BundleArchive.Read(
            "a",
            Archive(
                File(Manifest, s_manifest),
                File("../../etc/cron.d/x", "evil"u8.ToArray()),
                File("/etc/passwd", "evil"u8.ToArray()),
                File(BundlePart.Root + "../objects.json", "evil"u8.ToArray()),
                new PaxTarEntry(TarEntryType.SymbolicLink, BundlePart.Root + "log.txt") { LinkName = "/etc/shadow" },
                new PaxTarEntry(TarEntryType.HardLink, BundlePart.Root + "flags.txt") { LinkName = "/etc/shadow" },
                new PaxTarEntry(TarEntryType.Directory, BundlePart.Root + "rules"),
                File(BundlePart.Root + "conntrack.txt", "flows"u8.ToArray())),
            ignored);

        read.Files.Keys.Should().Equal(BundlePart.Flows);
        ignored.Should().Equal("../../etc/cron.d/x", "/etc/passwd", BundlePart.Root + "../objects.json", BundlePart.Root + "log.txt", BundlePart.Root + "flags.txt");
    }

    [Fact]
    public void AFileTwiceIsRefused() => Refusal(Archive(File(Manifest, s_manifest), File(Manifest, s_manifest))).Should().Contain("manifest.json twice");

    [Fact]
    public void AnArchiveWithoutAManifestIsNoBundle() => Refusal(Archive(File("readme.txt", "x"u8.ToArray()))).Should().Contain("has no kube-proxy-bundle/manifest.json");

    [Fact]
    public void AFileThatIsTooLongIsRefused() =>
        Refusal(Archive(File(Manifest, s_manifest), File(BundlePart.Root + "flags.txt", new byte[BundlePart.Flags.MostBytes + 1]))).Should().Contain("flags.txt is longer than 1 MB");

    [Theory]
    [InlineData("{\"schemaVersion\": 99}", "schemaVersion 99")]
    [InlineData("{\"schemaVersion\": 1, \"collected\": null}", "has a form that this program does not know")]
    [InlineData("null", "has a form that this program does not know")]
    [InlineData("[", "cannot be read")]
    public void AManifestOfAnotherFormIsRefused(string manifest, string expected) =>
        Refusal(Archive(File(Manifest, Encoding.UTF8.GetBytes(manifest)))).Should().Contain(expected);

    [Fact]
    public void WhatIsCutOffOrNoArchiveIsRefused()
    {
        byte[] whole = Archive(File(Manifest, s_manifest), File(BundlePart.Root + "flags.txt", new byte[10_000])).ToArray();

        Refusal(new MemoryStream("hello"u8.ToArray())).Should().Contain("is not a whole .tar.gz file");
        Refusal(new MemoryStream()).Should().Contain("is not a whole .tar.gz file");
        for (int length = 1; length < whole.Length - 20; length += 7)
        {
            Refusal(new MemoryStream(whole[..length])).Should().StartWith("--bundle a: ");
        }
    }

    [Fact]
    public void DamagedArchivesNeverCrash()
    {
        byte[] whole = Archive(File(Manifest, s_manifest), File(BundlePart.Root + "flags.txt", new byte[1000])).ToArray();
        Random random = new(5);
        for (int count = 0; count < 300; count++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                BundleArchive.Read("a", new MemoryStream(damaged), []);
            }
            catch (InputException e)
            {
                e.Message.Should().StartWith("--bundle a: ");
            }
        }
    }

    [Fact]
    public void AnUnpackedBundleIsPrivateAndIsRemoved()
    {
        string path = Path.GetTempFileName();
        using (FileStream file = System.IO.File.Create(path))
        {
            Archive(File(Manifest, s_manifest), File(BundlePart.Root + "rules/nft.json", "{}"u8.ToArray())).CopyTo(file);
        }

        CommandStreams streams = new(static () => Stream.Null, static () => Stream.Null, TextWriter.Null, false, false);
        string directory;
        using (UnpackedBundle bundle = UnpackedBundle.Open(path, streams))
        {
            directory = bundle.DirectoryPath;
            new DirectoryInfo(directory).UnixFileMode.Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            bundle.Rules.Should().ContainSingle().Which.Path.Should().Be(Path.Combine(directory, "rules/nft.json"));
        }

        Directory.Exists(directory).Should().BeFalse();
        System.IO.File.Delete(path);
    }

    private static string Refusal(Stream archive)
    {
        Action read = () => BundleArchive.Read("a", archive, []);
        return read.Should().Throw<InputException>().Which.Message;
    }

    private static PaxTarEntry File(string name, byte[] content) => new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };

    private static MemoryStream Archive(params PaxTarEntry[] entries)
    {
        MemoryStream archive = new();
        using (GZipStream packed = new(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (TarWriter tar = new(packed, TarEntryFormat.Pax))
        {
            foreach (PaxTarEntry entry in entries)
            {
                tar.WriteEntry(entry);
            }
        }

        archive.Position = 0;
        return archive;
    }
}
