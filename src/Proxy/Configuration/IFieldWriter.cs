namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Receives the fields of a configuration in their order, to write them in some format.</summary>
internal interface IFieldWriter
{
    void BeginSection(string name);

    void EndSection();

    void Text(string name, string value);

    /// <summary>A number, given as its text.</summary>
    void Number(string name, string value);

    void Flag(string name, bool value);

    /// <summary>A list of texts; an empty one is null, as kube-proxy has it.</summary>
    void Texts(string name, ReadOnlySpan<string> values);

    /// <summary>Begins a list whose items are sections without a name.</summary>
    void BeginList(string name);

    void EndList();
}
