using System.Text;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Writes the configuration as a file that reads the same again (<c>--write-config-to</c>).</summary>
internal static class ConfigurationWriter
{
    /// <summary>The YAML of a configuration; the same configuration gives the same bytes.</summary>
    public static string ToYaml(KubeProxyConfiguration configuration)
    {
        StringBuilder text = new(2048);
        FieldOutput.Write(configuration, new YamlFieldWriter(text));
        return text.ToString();
    }

    /// <summary>Writes a file in one step: a reader sees the old content or the new one, never half of it.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public static void WriteFile(string path, KubeProxyConfiguration configuration)
    {
        byte[] content = Encoding.UTF8.GetBytes(ToYaml(configuration));
        path = Path.GetFullPath(path);
        string target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        if (IsDevice(target))
        {
            // Standard output is written to; replacing it, or /dev/null, by a file would be a disaster.
            using FileStream device = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            device.Write(content);
            return;
        }

        path = target;
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static bool IsDevice(string path) =>
        path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal);
}
