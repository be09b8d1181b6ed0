using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Tests.Host;

/// <summary>A folder that stands for the root of a node.</summary>
public sealed class KernelTree : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kernel-tree-").FullName;

    internal KernelFiles Files => new(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root, path))!);
        File.WriteAllText(Path.Combine(_root, path), text);
    }

    public string Get(string path) => File.ReadAllText(Path.Combine(_root, path));

    public void Remove(string path) => File.Delete(Path.Combine(_root, path));
}
