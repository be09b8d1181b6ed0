using System.Text.RegularExpressions;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// Replaces names of Services in rules: their text in comments, and the names of chains that are made of it or of its hash. A hash is made
/// anew of the replaced names if its Service is known; otherwise other characters stand for it.
/// </summary>
/// <param name="names">Chooses names.</param>
/// <param name="addresses">Chooses addresses.</param>
internal sealed partial class ServiceNames(NameMap names, AddressText addresses)
{
    private readonly Dictionary<string, string> _hashes = new(StringComparer.Ordinal);

    /// <summary>The names that were found, for a second look at rules.</summary>
    private readonly HashSet<ServicePortName> _known = [];

    /// <summary>Learns the hashes of all Services and endpoints.</summary>
    public void Learn(ManifestObjects objects)
    {
        ILookup<NamespacedName, EndpointSlice> slices = objects.EndpointSlices.Values.ToLookup(static slice => slice.Service);
        foreach (Service service in objects.Services.Values)
        {
            foreach (ServicePort port in service.Ports)
            {
                if (!TransportProtocols.TryParse(port.Protocol, out TransportProtocol protocol))
                {
                    continue;
                }

                ServicePortName name = new(service.Name, port.Name, protocol);
                Learn(name);
                foreach (EndpointSlice slice in slices[service.Name])
                {
                    Learn(name, slice);
                }
            }
        }
    }

    /// <summary>Learns the hash of a service port that a comment names, whatever its protocol.</summary>
    /// <param name="text"><c>namespace/name</c> or <c>namespace/name:port</c>.</param>
    /// <param name="endpoint">The endpoint that its rule sends to, if any.</param>
    public void Learn(string text, EndpointAddress? endpoint)
    {
        if (TryParse(text) is not { } parsed)
        {
            return;
        }

        foreach (TransportProtocol protocol in (ReadOnlySpan<TransportProtocol>)[TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp])
        {
            ServicePortName name = new(parsed.Service, parsed.Port, protocol);
            Learn(name);
            if (endpoint is { } known)
            {
                Learn(name, known);
            }
        }
    }

    /// <summary>Replaces <c>namespace/name</c> or <c>namespace/name:port</c>; null if the text is neither.</summary>
    public string? Map(string text)
    {
        if (TryParse(text) is not { } parsed)
        {
            return null;
        }

        string service = $"{names.Namespace(parsed.Service.Namespace)}/{names.Service(parsed.Service.Name)}";
        return text.Contains(':', StringComparison.Ordinal) ? $"{service}:{names.Port(parsed.Port)}" : service;
    }

    /// <summary>Replaces a comment, word by word.</summary>
    public string MapComment(string comment) => string.Join(' ', comment.Split(' ').Select(MapWord));

    /// <summary>Replaces the name of a chain or set of iptables.</summary>
    public string MapChain(string name)
    {
        if (ChainName.TryParse(name, out ChainName parsed))
        {
            string hash = parsed.Hash.ToString();
            return name[..^hash.Length] + MapHash(hash);
        }

        Match hashed = OtherHashed().Match(name);
        return hashed.Success ? hashed.Groups["prefix"].Value + MapHash(hashed.Groups["hash"].Value)
            : RuleWords.IsOfTools(name) || FixedChain().IsMatch(name) ? name
            : $"chain-{names.Key.Token("chain", name)}";
    }

    /// <summary>Replaces the name of an object in the table of kube-proxy of nftables.</summary>
    public string MapObject(string name)
    {
        Match match = NftName().Match(name);
        if (!match.Success)
        {
            return FixedObject().IsMatch(name) ? name : $"obj-{names.Key.Token("chain", name)}";
        }

        string prefix = match.Groups["prefix"].Value;
        string[] parts = match.Groups["name"].Value.Split('/');
        string[] last = (parts.Length >= 4 ? parts[3] : "").Split("__");
        if (parts.Length is not (4 or 5) || last.Length != parts.Length - 3 || !TransportProtocols.TryParse(parts[2].ToUpperInvariant(), out TransportProtocol protocol))
        {
            return $"{prefix}-{names.Key.Token("chain", name)}"; // cut off, since names have a limit
        }

        ServicePortName mapped = new(new(names.Namespace(parts[0]), names.Service(parts[1])), names.Port(last[0]), protocol);
        if (parts.Length == 4)
        {
            return $"{prefix}-{NftBaseName.Of(mapped)}";
        }

        bool isAddress = IpAddress.TryParse(last[1], out IpAddress address) || IpAddress.TryParse(last[1].Replace('.', ':'), out address);
        return isAddress && ushort.TryParse(parts[4], out ushort port)
            ? $"{prefix}-{NftBaseName.Of(mapped, new(addresses.Addresses.Map(address), port))}"
            : $"{prefix}-{names.Key.Token("chain", name)}";
    }

    private string MapWord(string word)
    {
        string bare = word.TrimEnd(',', ';', '.');
        string mapped = addresses.Map(bare) ?? Map(bare)
            ?? (RuleWords.IsOfComments(word) || RuleWords.IsOfComments(bare) ? bare : HashedChain().IsMatch(bare) ? MapChain(bare) : names.Word(bare));
        return mapped + word[bare.Length..];
    }

    private void Learn(ServicePortName name, EndpointSlice slice)
    {
        foreach (SlicePort port in slice.Ports)
        {
            foreach (SliceEndpoint endpoint in slice.Endpoints)
            {
                Learn(name, new EndpointAddress(endpoint.Address, port.Port));
            }
        }
    }

    private void Learn(ServicePortName name)
    {
        if (_known.Add(name))
        {
            _hashes[ChainHash.Of(name).ToString()] = ChainHash.Of(Mapped(name)).ToString();
        }
    }

    private void Learn(ServicePortName name, EndpointAddress endpoint) =>
        _hashes[ChainHash.Of(name, endpoint).ToString()] = ChainHash.Of(Mapped(name), endpoint with { Address = addresses.Addresses.Map(endpoint.Address) }).ToString();

    private ServicePortName Mapped(ServicePortName name) =>
        new(new(names.Namespace(name.Service.Namespace), names.Service(name.Service.Name)), names.Port(name.Port), name.Protocol);

    private string MapHash(string hash) => _hashes.GetValueOrDefault(hash) ?? names.Key.Token("hash", hash, hash.Length).ToUpperInvariant();

    private static (NamespacedName Service, string Port)? TryParse(string text)
    {
        Match match = ServiceText().Match(text);
        return match.Success ? (new(match.Groups["namespace"].Value, match.Groups["name"].Value), match.Groups["port"].Value) : null;
    }

    [GeneratedRegex("^(?<namespace>[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)/(?<name>[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?)(:(?<port>[a-zA-Z0-9-]{1,63}))?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ServiceText();

    [GeneratedRegex("^(?<prefix>(KUBE|CNI)-([A-Z]+-)*)(?<hash>[A-Z2-7]{16}|[0-9a-f]{24})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OtherHashed();

    /// <summary>Chains and sets with a name that a program gives them on every node.</summary>
    [GeneratedRegex("^(KUBE(-[A-Z0-9]{1,12}){1,5}|IP-MASQ-AGENT|FLANNEL-(FWD|POSTRTG)|DOCKER(-USER|-ISOLATION-STAGE-[12]|-FORWARD|-CT|-BRIDGE|-INTERNAL)?|CNI-(FORWARD|ADMIN|HOSTPORT-(DNAT|MASQ|SETMARK))|cali-(FORWARD|INPUT|OUTPUT|PREROUTING|POSTROUTING|nat-outgoing|fip-dnat|fip-snat|to-hep-forward|from-hep-forward)|CILIUM_[A-Za-z_]{1,20})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FixedChain();

    [GeneratedRegex("^KUBE-[A-Z]+-[A-Z2-7]{16}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HashedChain();

    /// <summary>What <see cref="NftBaseName"/> makes, behind the prefix of a kind of object.</summary>
    [GeneratedRegex("^(?<prefix>[a-z][a-z-]{0,15})-[A-Z2-7]{8}-(?<name>.+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NftName();

    [GeneratedRegex("^[a-z]+(-[a-z]+)*(-[0-9]+){0,2}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FixedObject();
}
