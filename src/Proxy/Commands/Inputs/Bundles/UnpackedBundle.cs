using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs.Bundles;

/// <summary>A support bundle whose files are in a directory that only this user can read, until it is disposed of.</summary>
internal sealed class UnpackedBundle : IDisposable
{
    private readonly BundleContents _contents;
    private readonly string _name;
    private readonly DirectoryInfo _directory;

    private UnpackedBundle(string name, BundleContents contents)
    {
        _name = name;
        _contents = contents;
        _directory = Directory.CreateTempSubdirectory("kube-proxy-bundle-"); // mode 0700 (mkdtemp(3))
        try
        {
            foreach ((BundlePart part, byte[] content) in contents.Files)
            {
                string path = Path.Combine(_directory.FullName, part.Name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!); // below the directory, so it has a parent
                File.WriteAllBytes(path, content);

                // The age of saved flows is counted from the time of their file.
                File.SetLastWriteTimeUtc(path, contents.Manifest.Time.UtcDateTime);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Unpacks a file, or standard input.</summary>
    /// <param name="path">The file, or <c>-</c>.</param>
    /// <param name="streams">Where standard input comes from and notes go.</param>
    /// <exception cref="InputException">It is no bundle.</exception>
    /// <exception cref="IOException">It cannot be read, or there is no room for its files.</exception>
    public static UnpackedBundle Open(string path, CommandStreams streams) => new(SavedText.NameOf(path), Read(path, streams));

    /// <summary>Reads a file, or standard input, into memory.</summary>
    /// <param name="path">The file, or <c>-</c>.</param>
    /// <param name="streams">Where standard input comes from and notes go.</param>
    /// <exception cref="InputException">It is no bundle.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static BundleContents Read(string path, CommandStreams streams)
    {
        List<string> ignored = [];
        string name = SavedText.NameOf(path);
        if (Directory.Exists(path))
        {
            throw new InputException($"--bundle {name}: is a directory; give the .tar.gz file");
        }

        using Stream input = path == SavedText.StandardInput ? streams.OpenInput() : File.OpenRead(path);
        BundleContents contents = BundleArchive.Read(name, input, ignored);
        if (ignored.Count != 0)
        {
            streams.Errors.WriteLine($"note: {name}: {ignored.Count} {(ignored.Count == 1 ? "file" : "files")} that are not part of a bundle are not read");
        }

        return contents;
    }

    /// <summary>What the bundle is called in messages.</summary>
    public string Name => _name;

    /// <summary>Where the files are.</summary>
    public string DirectoryPath => _directory.FullName;

    public BundleManifest Manifest => _contents.Manifest;

    /// <summary>The files with rules; empty if there are none.</summary>
    public IReadOnlyList<RuleFile> Rules =>
        [.. BundlePart.Rules.Where(_contents.Files.ContainsKey).Select(part => new RuleFile(PathOf(part)!, FamilyOf(part)))]; // they are there

    /// <summary>The path of a file; null if the bundle does not have it.</summary>
    public string? PathOf(BundlePart part) => _contents.Files.ContainsKey(part) ? Path.Combine(_directory.FullName, part.Name) : null;

    /// <summary>The path of a file that cannot be done without.</summary>
    /// <param name="part">The file.</param>
    /// <param name="remedy">What to give instead.</param>
    /// <exception cref="InputException">It is not there.</exception>
    public string Require(BundlePart part, string remedy) =>
        PathOf(part) ?? throw new InputException($"--bundle {_name}: has no {part.Name} ({_contents.ReasonFor(part)}); {remedy}");

    /// <summary>The files with rules, which cannot be done without.</summary>
    /// <exception cref="InputException">There are none.</exception>
    public IReadOnlyList<RuleFile> RequireRules() => Rules is { Count: > 0 } rules
        ? rules
        : throw new InputException($"--bundle {_name}: has no rules ({_contents.ReasonFor(BundlePart.NftJson)}); make the bundle as root, or give --rules FILE");

    /// <summary>Fills in the cluster and the node of the bundle where the command line does not name others.</summary>
    /// <typeparam name="T">The options of the command.</typeparam>
    /// <exception cref="InputException">The listing of interfaces cannot be read.</exception>
    public T Fill<T>(T options)
        where T : ClusterOptions => options with
        {
            Paths = options.Paths.Count != 0 || PathOf(BundlePart.Objects) is not { } objects ? options.Paths : [objects],
            ConfigPath = options.ConfigPath ?? PathOf(BundlePart.Configuration),
            EgressPath = options.EgressPath ?? PathOf(BundlePart.Egress),
            NodeName = options.NodeName ?? (Manifest.Node.Length == 0 ? null : Manifest.Node),
            NodeAddresses = options.NodeAddresses ?? ReadAddresses(),
            Mode = options.Mode ?? (Manifest.Mode is ProxyMode.Iptables or ProxyMode.Nftables ? Manifest.Mode : null),
        };

    /// <summary>The same, for a command that makes rules of the objects and cannot be without them.</summary>
    /// <typeparam name="T">The options of the command.</typeparam>
    /// <exception cref="InputException">There are no objects, or the listing of interfaces cannot be read.</exception>
    public T FillWithObjects<T>(T options)
        where T : ClusterOptions
    {
        if (options.Paths.Count == 0)
        {
            Require(BundlePart.Objects, "give manifests with -f");
        }

        return Fill(options);
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    private static IpFamily? FamilyOf(BundlePart part) => part == BundlePart.NftJson ? null
        : part.Name.Contains("ip6tables", StringComparison.Ordinal) ? IpFamily.IPv6
        : IpFamily.IPv4;

    private IReadOnlyList<IpAddress>? ReadAddresses() =>
        _contents[BundlePart.Network] is { } network && new IpListing(BundlePart.Network.Name).Read(network).Addresses is { Count: > 0 } addresses ? addresses : null;
}
