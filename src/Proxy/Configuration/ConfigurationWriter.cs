using System.Text;
using KubeProxySharp.Proxy.Host;

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
        OutputFile.Write(path, file => file.Write(content));
    }
}
