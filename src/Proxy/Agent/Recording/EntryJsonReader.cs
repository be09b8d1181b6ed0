using System.Globalization;
using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>Reads the entries that <see cref="EntryJsonWriter"/> wrote. What it does not know is an error: a replay without it would be wrong.</summary>
internal static class EntryJsonReader
{
    /// <summary>Reads an entry.</summary>
    /// <exception cref="RecordingException">It is none.</exception>
    public static RecordedEntry Read(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object)
        {
            throw new RecordingException("is not an object");
        }

        if (line.TryGetProperty("object", out JsonElement value))
        {
            return ObjectJsonReader.Read(Text(line, "type"), value);
        }

        string version = Text(line, "apiVersion");
        if (version != EntryNames.ApiVersion)
        {
            throw new RecordingException($"apiVersion \"{version}\" is not {EntryNames.ApiVersion}, the one that this program reads");
        }

        string kind = Text(line, "kind");
        return kind switch
        {
            EntryNames.Recording => ReadStart(line),
            EntryNames.InterfaceAddresses => new RecordedAddresses(EquatableArray.Adopt(Array.ConvertAll(Texts(line, "addresses"), Address))),
            EntryNames.EgressPolicy => new RecordedEgress(Policy(line, "policy")),
            EntryNames.Operation => new RecordedOperation(
                EntryNames.OperationOf(Text(line, "operation")) ?? throw new RecordingException($"operation \"{Text(line, "operation")}\" is not known"),
                EquatableArray.Adopt(Array.ConvertAll(Texts(line, "services"), NameOf))),
            EntryNames.Sync => new RecordedSync(Number(line, "number"), Time(line), line.TryGetProperty("fromScratch", out JsonElement scratch) && Boolean(scratch, "fromScratch"), Digests(line)),
            EntryNames.Undo => new RecordedUndo(Family(Text(line, "family"))),
            EntryNames.End => new RecordedEnd(Text(line, "reason")),
            _ => throw new RecordingException($"kind \"{kind}\" is not known"),
        };
    }

    /// <summary>Finds a field.</summary>
    /// <exception cref="RecordingException">What should have it is not an object.</exception>
    internal static bool TryFind(JsonElement owner, string name, out JsonElement value) => owner.ValueKind == JsonValueKind.Object
        ? owner.TryGetProperty(name, out value)
        : throw new RecordingException($"an object with the field {name} is expected");

    /// <summary>A field that is a text.</summary>
    internal static string Text(JsonElement owner, string name, string? missing = null) =>
        !TryFind(owner, name, out JsonElement value) ? missing ?? throw new RecordingException($"{name} is missing")
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw new RecordingException($"{name} is not a text");

    /// <summary>A field that is a list of texts; empty if it is missing.</summary>
    internal static string[] Texts(JsonElement owner, string name) =>
        [.. Elements(owner, name).Select(element => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw new RecordingException($"{name} has an element that is not a text"))];

    /// <summary>The elements of a field that is a list; none if it is missing.</summary>
    internal static IEnumerable<JsonElement> Elements(JsonElement owner, string name) =>
        !TryFind(owner, name, out JsonElement value) ? []
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
        : throw new RecordingException($"{name} is not a list");

    /// <summary>A field that is an object; one without fields if it is missing.</summary>
    internal static JsonElement Object(JsonElement owner, string name) =>
        !TryFind(owner, name, out JsonElement value) ? s_empty
        : value.ValueKind == JsonValueKind.Object ? value
        : throw new RecordingException($"{name} is not an object");

    /// <summary>A field that is a number; 0 if it is missing.</summary>
    internal static int Number(JsonElement owner, string name) =>
        !TryFind(owner, name, out JsonElement value) ? 0
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number
        : throw new RecordingException($"{name} is not a whole number");

    /// <summary>Whether a value is true.</summary>
    internal static bool Boolean(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new RecordingException($"{name} is not true or false"),
    };

    /// <summary>An address.</summary>
    internal static IpAddress Address(string text) =>
        IpAddress.TryParse(text, out IpAddress address) ? address : throw new RecordingException($"\"{text}\" is not an IP address");

    private static readonly JsonElement s_empty = JsonDocument.Parse("{}").RootElement;

    private static RecordedStart ReadStart(JsonElement line)
    {
        string mode = Text(line, "mode");
        if (mode is not (ProxyMode.Iptables or ProxyMode.Nftables))
        {
            throw new RecordingException($"mode \"{mode}\" is not iptables or nftables");
        }

        IpFamily[] families = [.. Texts(line, "families").Select(Family).Distinct()];
        JsonElement settings = Object(line, "settings");
        string localMode = Text(settings, "detectLocalMode");
        int bit = Number(settings, "masqueradeBit");
        return new(Time(line), Text(line, "program"), mode, EquatableArray.Adopt(families), new ProxySettings
        {
            NodeName = Text(settings, "nodeName"),
            DetectLocalMode = EntryNames.DetectLocalModeOf(localMode) ?? throw new RecordingException($"settings.detectLocalMode \"{localMode}\" is not known"),
            ClusterCidr = Text(settings, "clusterCIDR"),
            BridgeInterface = Text(settings, "bridgeInterface"),
            InterfaceNamePrefix = Text(settings, "interfaceNamePrefix"),
            MasqueradeBit = bit is >= 0 and <= 31 ? bit : throw new RecordingException($"settings.masqueradeBit {bit.ToString(CultureInfo.InvariantCulture)} is not from 0 to 31"),
            MasqueradeAll = Boolean(settings, "masqueradeAll", byDefault: false),
            NodePortAddresses = EquatableArray.Adopt(Texts(settings, "nodePortAddresses")),
            LocalhostNodePorts = Boolean(settings, "localhostNodePorts", byDefault: false),
            ConntrackTcpLiberal = Boolean(settings, "tcpBeLiberal", byDefault: false),
            BindAddress = Text(settings, "bindAddress"),
            AllowExternalIPs = Boolean(settings, "allowExternalIPs", byDefault: true),
            Egress = Policy(settings, "egress"),
        });
    }

    private static EgressPolicy? Policy(JsonElement owner, string name)
    {
        if (!TryFind(owner, name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        JsonElement policy = Object(owner, name);
        return new EgressPolicy
        {
            NonMasqueradeCidrs = EquatableArray.Adopt(Array.ConvertAll(Texts(policy, "nonMasqueradeCIDRs"), static text =>
                IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new RecordingException($"\"{text}\" is not a CIDR"))),
            MasqueradesLinkLocal = Boolean(policy, "masqLinkLocal", byDefault: false),
            MasqueradesLinkLocalIPv6 = Boolean(policy, "masqLinkLocalIPv6", byDefault: false),
        };
    }

    private static EquatableArray<RecordedDigest> Digests(JsonElement line)
    {
        List<RecordedDigest> digests = [];
        foreach (JsonElement digest in Elements(line, "rules"))
        {
            digests.Add(new(Family(Text(digest, "family")), Number(digest, "lines"), Text(digest, "sha256")));
        }

        return EquatableArray.CopyOf(digests);
    }

    private static DateTimeOffset Time(JsonElement line) =>
        DateTimeOffset.TryParse(Text(line, "time"), CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time) ? time : throw new RecordingException("time is not a time");

    private static NamespacedName NameOf(string text) =>
        text.IndexOf('/', StringComparison.Ordinal) is > 0 and int slash ? new(text[..slash], text[(slash + 1)..]) : throw new RecordingException($"\"{text}\" is not a namespace and a name");

    private static IpFamily Family(string text) => text switch
    {
        EntryNames.IPv4 => IpFamily.IPv4,
        EntryNames.IPv6 => IpFamily.IPv6,
        _ => throw new RecordingException($"\"{text}\" is not IPv4 or IPv6"),
    };

    internal static bool Boolean(JsonElement owner, string name, bool byDefault) => TryFind(owner, name, out JsonElement value) ? Boolean(value, name) : byDefault;
}
