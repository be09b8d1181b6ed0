using System.Buffers;
using System.Globalization;
using System.Text.Json;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>Writes entries as lines of JSON; <see cref="EntryJsonReader"/> reads them. Not thread-safe.</summary>
internal sealed class EntryJsonWriter
{
    private readonly ArrayBufferWriter<byte> _line = new(4096);

    /// <summary>An entry as a line, with its end.</summary>
    /// <returns>The line, until the next call.</returns>
    public ReadOnlySpan<byte> Encode(RecordedEntry entry)
    {
        _line.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_line))
        {
            Write(json, entry);
        }

        _line.Write("\n"u8);
        return _line.WrittenSpan;
    }

    private static void Write(Utf8JsonWriter json, RecordedEntry entry)
    {
        switch (entry)
        {
            case RecordedService service:
                ObjectJsonWriter.WriteEvent(json, EntryNames.Service, service.Name, service.Object, ManifestWriter.Write);
                break;
            case RecordedSlice slice:
                ObjectJsonWriter.WriteEvent(json, EntryNames.EndpointSlice, slice.Name, slice.Object, ManifestWriter.Write);
                break;
            case RecordedNode node:
                ObjectJsonWriter.WriteEvent(json, EntryNames.Node, new("", node.Object.Name), node.Object, ManifestWriter.Write);
                break;
            case RecordedServiceCidr cidr:
                ObjectJsonWriter.WriteEvent(json, EntryNames.ServiceCidr, new("", cidr.Name), cidr.Object, ManifestWriter.Write);
                break;
            default:
                json.WriteStartObject();
                json.WriteString("apiVersion", EntryNames.ApiVersion);
                WriteFields(json, entry);
                json.WriteEndObject();
                break;
        }
    }

    private static void WriteFields(Utf8JsonWriter json, RecordedEntry entry)
    {
        switch (entry)
        {
            case RecordedStart start:
                json.WriteString("kind", EntryNames.Recording);
                WriteTime(json, start.Time);
                json.WriteString("program", start.Program);
                json.WriteString("mode", start.Mode);
                json.WriteStartArray("families");
                foreach (IpFamily family in start.Families)
                {
                    json.WriteStringValue(NameOf(family));
                }

                json.WriteEndArray();
                WriteSettings(json, start.Settings);
                break;
            case RecordedAddresses addresses:
                json.WriteString("kind", EntryNames.InterfaceAddresses);
                json.WriteStartArray("addresses");
                foreach (IpAddress address in addresses.Addresses)
                {
                    json.WriteStringValue(address.ToString());
                }

                json.WriteEndArray();
                break;
            case RecordedEgress egress:
                json.WriteString("kind", EntryNames.EgressPolicy);
                WritePolicy(json, "policy", egress.Policy);
                break;
            case RecordedOperation operation:
                json.WriteString("kind", EntryNames.Operation);
                json.WriteString("operation", EntryNames.Of(operation.Operation));
                WriteTexts(json, "services", [.. operation.Services.AsSpan().ToArray().Select(static name => name.ToString())]);
                break;
            case RecordedSync sync:
                json.WriteString("kind", EntryNames.Sync);
                json.WriteNumber("number", sync.Number);
                WriteTime(json, sync.Time);
                if (sync.IsFromScratch)
                {
                    json.WriteBoolean("fromScratch", true);
                }

                WriteDigests(json, sync.Digests);
                break;
            case RecordedUndo undo:
                json.WriteString("kind", EntryNames.Undo);
                json.WriteString("family", NameOf(undo.Family));
                break;
            case RecordedEnd end:
                json.WriteString("kind", EntryNames.End);
                json.WriteString("reason", end.Reason);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(entry));
        }
    }

    private static void WriteDigests(Utf8JsonWriter json, EquatableArray<RecordedDigest> digests)
    {
        json.WriteStartArray("rules");
        foreach (RecordedDigest digest in digests)
        {
            json.WriteStartObject();
            json.WriteString("family", NameOf(digest.Family));
            json.WriteNumber("lines", digest.Lines);
            json.WriteString("sha256", digest.Sha256);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSettings(Utf8JsonWriter json, ProxySettings settings)
    {
        json.WriteStartObject("settings");
        json.WriteString("nodeName", settings.NodeName);
        json.WriteString("detectLocalMode", EntryNames.Of(settings.DetectLocalMode));
        json.WriteString("clusterCIDR", settings.ClusterCidr);
        json.WriteString("bridgeInterface", settings.BridgeInterface);
        json.WriteString("interfaceNamePrefix", settings.InterfaceNamePrefix);
        json.WriteNumber("masqueradeBit", settings.MasqueradeBit);
        json.WriteBoolean("masqueradeAll", settings.MasqueradeAll);
        WriteTexts(json, "nodePortAddresses", settings.NodePortAddresses);
        json.WriteBoolean("localhostNodePorts", settings.LocalhostNodePorts);
        json.WriteBoolean("tcpBeLiberal", settings.ConntrackTcpLiberal);
        json.WriteString("bindAddress", settings.BindAddress);
        json.WriteBoolean("allowExternalIPs", settings.AllowExternalIPs);
        WritePolicy(json, "egress", settings.Egress);
        json.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter json, string name, EgressPolicy? policy)
    {
        if (policy is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        WriteTexts(json, "nonMasqueradeCIDRs", [.. policy.NonMasqueradeCidrs.AsSpan().ToArray().Select(static prefix => prefix.ToString())]);
        json.WriteBoolean("masqLinkLocal", policy.MasqueradesLinkLocal);
        json.WriteBoolean("masqLinkLocalIPv6", policy.MasqueradesLinkLocalIPv6);
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, DateTimeOffset time) => json.WriteString("time", time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture));

    private static void WriteTexts(Utf8JsonWriter json, string name, EquatableArray<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static string NameOf(IpFamily family) => family == IpFamily.IPv4 ? EntryNames.IPv4 : EntryNames.IPv6;
}
