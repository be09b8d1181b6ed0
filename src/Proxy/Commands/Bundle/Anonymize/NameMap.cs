using System.Text.RegularExpressions;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// Replaces names: the same name of a kind becomes the same one everywhere. Names that every cluster has, and port names that are those of
/// protocols, say nothing about a cluster and stay.
/// </summary>
/// <param name="key">Chooses the names.</param>
internal sealed partial class NameMap(AnonymousKey key)
{
    /// <summary>Names that stay, of any kind.</summary>
    private static readonly HashSet<string> s_kept = new(StringComparer.Ordinal)
    {
        "", "default", "kube-system", "kube-public", "kube-node-lease", "kubernetes", "kube-dns", "localhost",
        "http", "https", "dns", "dns-tcp", "grpc", "metrics", "tcp", "udp", "sctp", "http2", "tls", "ssh",
    };

    /// <summary>Prefixes of interface names that programs choose, with what comes after them: a number, or characters that are made of a pod's name.</summary>
    private static readonly string[] s_podPrefixes = ["cali", "lxc", "eni", "azv", "gke", "veth", "vethwe", "nic", "vif", "lxdbr"];

    private readonly HashSet<string> _wildcards = new(StringComparer.Ordinal);

    public AnonymousKey Key => key;

    public string Namespace(string name) => Of("ns", name);

    public string Service(string name) => Of("svc", name);

    public string Slice(string name) => Of("slice", name);

    public string Pod(string name) => Of("pod", name);

    public string Zone(string name) => Of("zone", name);

    /// <summary>A node, or a host name.</summary>
    public string Node(string name) => Of("node", name);

    /// <summary>A port name, which has at most 15 characters.</summary>
    public string Port(string name) => Of("p", name);

    /// <summary>Any other word or text.</summary>
    public string Word(string text) => Of("w", text);

    /// <summary>Whether a name stays what it is.</summary>
    public static bool IsKept(string name) => s_kept.Contains(name);

    /// <summary>Notes the beginning of interface names that a rule or a configuration names, so that names keep it.</summary>
    public void AddInterfacePrefix(string prefix)
    {
        if (prefix.Length != 0)
        {
            _wildcards.Add(prefix);
        }
    }

    /// <summary>An interface, or the beginning of several, which ends with <c>+</c> or <c>*</c>.</summary>
    public string Interface(string name)
    {
        if (name.Length == 0 || name is "+" or "*")
        {
            return name;
        }

        if (name[^1] is '+' or '*')
        {
            return InterfacePrefix(name[..^1]) + name[^1];
        }

        if (UsualInterface().IsMatch(name))
        {
            return name;
        }

        string prefix = _wildcards.Where(wildcard => name.StartsWith(wildcard, StringComparison.Ordinal)).MaxBy(static wildcard => wildcard.Length)
            ?? s_podPrefixes.Where(usual => name.StartsWith(usual, StringComparison.Ordinal)).MaxBy(static usual => usual.Length)
            ?? "";
        return prefix.Length == name.Length ? InterfacePrefix(name) : InterfacePrefix(prefix) + key.Token("if", name, 6);
    }

    /// <summary>The beginning of interface names.</summary>
    public string InterfacePrefix(string prefix)
    {
        if (prefix.Length == 0 || s_podPrefixes.Contains(prefix) || UsualPrefix().IsMatch(prefix))
        {
            return prefix;
        }

        string outer = _wildcards.Where(wildcard => wildcard.Length < prefix.Length && prefix.StartsWith(wildcard, StringComparison.Ordinal)).MaxBy(static wildcard => wildcard.Length) ?? "";
        return outer.Length == 0 ? "if" + key.Token("prefix", prefix, 4) : InterfacePrefix(outer) + key.Token("prefix", prefix, 2);
    }

    /// <summary>A hardware address; those that several stations share stay.</summary>
    public string Mac(string address)
    {
        if (address is "00:00:00:00:00:00" or "ff:ff:ff:ff:ff:ff")
        {
            return address;
        }

        string token = Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(key.Token("mac", address.ToLowerInvariant(), 5)));
        return "02:" + string.Join(':', Enumerable.Range(0, 5).Select(index => token.Substring(2 * index, 2))); // locally administered
    }

    /// <summary>Whether a text is a hardware address.</summary>
    public static bool IsMac(string text) => MacAddress().IsMatch(text);

    private string Of(string kind, string name) => IsKept(name) ? name : $"{kind}-{key.Token(kind, name)}";

    /// <summary>Interfaces named by the kernel, by systemd (systemd.net-naming-scheme(7)) or by network plugins, with nothing of the site in them.</summary>
    [GeneratedRegex(@"^(lo|(eth|bond|team|br|docker|virbr|cni|wlan|tun|tap|wg|dummy|ifb|ppp|vlan|vxlan|gre|gretap|erspan|tunl|sit|ip6tnl|ip6gre|ip_vti|ip6_vti|gw)[0-9]{1,4}|en(o[0-9]{1,4}|s[0-9]{1,4}(f[0-9]+)?|p[0-9]{1,4}s[0-9]{1,4}(f[0-9]+)?)|flannel(\.[0-9]+|-v6\.[0-9]+)|cilium_(host|net|vxlan)|vxlan(-v6)?\.calico|tunl0|kube-ipvs0|kube-bridge|kube-dummy-if|nodelocaldns|weave|antrea-gw0|cbr0)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UsualInterface();

    [GeneratedRegex("^(e|en|eth|ens|eno|enp|bond|br|docker|cni|flannel|vxlan|tun|tap|wg|cilium|cilium_|nodelocaldns|weave)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UsualPrefix();

    [GeneratedRegex("^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MacAddress();
}
