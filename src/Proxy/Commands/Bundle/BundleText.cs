using System.Globalization;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Bundle;

/// <summary>The list of what is in a bundle, and what is not.</summary>
internal static class BundleText
{
    /// <summary>Writes the list.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="path">The file that it was written to.</param>
    /// <param name="output">Where the list goes.</param>
    public static void Write(BundleContents bundle, string path, TextWriter output)
    {
        BundleManifest manifest = bundle.Manifest;
        output.WriteLine($"{path}: node {(manifest.Node.Length == 0 ? "unknown" : manifest.Node)}, mode {(manifest.Mode.Length == 0 ? "unknown" : manifest.Mode)}{(manifest.IsAnonymized ? ", anonymized" : "")}");
        output.WriteLine();
        TextTable table = new("FILE", ">BYTES", "WHAT");
        foreach (BundlePart part in BundlePart.All.Where(bundle.Files.ContainsKey))
        {
            table.Add(part.Name, bundle.Files[part].Length.ToString(CultureInfo.InvariantCulture), part.Description);
        }

        table.Write(output);
        if (manifest.Missing.Count != 0)
        {
            output.WriteLine();
            output.WriteLine("Not inside:");
            foreach (MissingPart missing in manifest.Missing)
            {
                output.WriteLine($"  {missing.File}: {missing.Reason}");
            }
        }

        output.WriteLine();
        output.WriteLine(manifest.IsAnonymized
            ? "Names and addresses were replaced; ports, numbers and times were not. Look at the files before you share them (docs/bundle.md)."
            : "It names Services, Pods, nodes and addresses, and the log is as it was. Look at the files before you share them, or use --anonymize.");
        if (!manifest.HadNetAdmin && !manifest.IsAnonymized)
        {
            output.WriteLine("It was collected without CAP_NET_ADMIN; as root there would be rules and flows in it.");
        }
    }
}
