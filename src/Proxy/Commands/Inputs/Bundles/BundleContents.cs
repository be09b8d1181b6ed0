namespace KubeProxySharp.Proxy.Commands.Inputs.Bundles;

/// <summary>A support bundle in memory.</summary>
/// <param name="manifest">What is said of it; the list of files in it is made anew when it is written.</param>
/// <param name="files">The files without the manifest.</param>
internal sealed class BundleContents(BundleManifest manifest, IReadOnlyDictionary<BundlePart, byte[]> files)
{
    public BundleManifest Manifest => manifest;

    public IReadOnlyDictionary<BundlePart, byte[]> Files => files;

    /// <summary>A file; null if the bundle does not have it.</summary>
    public byte[]? this[BundlePart part] => files.GetValueOrDefault(part);

    /// <summary>Why a file is not there, for messages.</summary>
    public string ReasonFor(BundlePart part) => manifest.Missing.FirstOrDefault(missing => missing.File == part.Name)?.Reason ?? "it was not collected";
}
