using System.Text;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Reads small files completely, and refuses large ones before they fill the memory.</summary>
internal static class BoundedFile
{
    /// <summary>The maximum size of a kubeconfig, a token or a certificate bundle, in bytes.</summary>
    public const int MaxLength = 8 * 1024 * 1024;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file. Its permissions are not checked.</param>
    /// <param name="subject">The configuration that names the file, for errors.</param>
    /// <param name="field">The field that named it, for errors.</param>
    /// <exception cref="ConnectionException">The file cannot be read or is too large.</exception>
    public static byte[] ReadBytes(string path, string subject, string field)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            using MemoryStream content = new();
            byte[] buffer = new byte[16 * 1024];
            for (int count = file.Read(buffer); count > 0; count = file.Read(buffer))
            {
                content.Write(buffer, 0, count);
                if (content.Length > MaxLength)
                {
                    throw new ConnectionException(subject, field, $"names \"{path}\", which holds more than {MaxLength} bytes; is it the right file?");
                }
            }

            return content.ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConnectionException(subject, field, $"names \"{path}\", which does not exist; create it or correct the path");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConnectionException(subject, field, $"names \"{path}\", which cannot be read: {e.Message}");
        }
    }

    /// <inheritdoc cref="ReadBytes"/>
    public static string ReadText(string path, string subject, string field) =>
        Encoding.UTF8.GetString(ReadBytes(path, subject, field));
}
