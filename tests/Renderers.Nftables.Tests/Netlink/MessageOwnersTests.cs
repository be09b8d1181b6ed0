using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;
using static KubeProxySharp.Renderers.Nftables.Netlink.NftNumbers;

namespace KubeProxySharp.Renderers.Nftables.Tests.Netlink;

/// <summary>A transaction in messages of single Services is the same transaction, and it is known whose each message is.</summary>
public sealed class MessageOwnersTests
{
    [Theory]
    [InlineData(IpFamily.IPv4, 21)]
    [InlineData(IpFamily.IPv6, 22)]
    public void MessagesHaveTheElementsOfOneServiceAndNothingElseChanges(IpFamily family, int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        int owned = 0;
        for (int step = 1; step <= 80; step++)
        {
            cluster.ApplyChange(state);
            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family];
            owned += Check(change.After, batch => NftablesRenderer.WriteUpdate(change, NftablesOptions.Default, batch));
            owned += Check(change.After, batch => NftablesRenderer.WriteFull(change.After, NftablesOptions.Default, batch));
        }

        owned.Should().BePositive();
    }

    /// <summary>Nothing is known of the messages of usual batches, and they are as few as possible.</summary>
    [Fact]
    public void OnlyABatchThatAsksForThemHasOwners()
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(UniformCluster.Build(300, 2).Builder.Current.IPv4, NftablesOptions.Default, batch);
        NftBatch byService = NftBatch.ByService(batch);
        NftablesRenderer.WriteFull(UniformCluster.Build(300, 2).Builder.Current.IPv4, NftablesOptions.Default, byService);

        batch.Owners.Should().BeNull();
        byService.Count.Should().Be(batch.Count + (3 * 299), "cluster-ips, service-ips and tcp-endpoints have a message of each Service");
    }

    private static int Check(FamilyRules rules, Action<NftBatch> write)
    {
        NftBatch usual = new();
        write(usual);
        NftBatch byService = NftBatch.ByService(usual);
        write(byService);
        Flatten(byService).Should().Equal(Flatten(usual));

        int owned = 0;
        MessageReader reader = new(byService.Messages);
        while (reader.TryRead(out NetlinkMessage message))
        {
            NamespacedName? owner = byService.Owners!.Find(message.Sequence);
            string text = Text(message);
            if (owner is { } name)
            {
                owned++;
                IsOf(rules.Services[name], message, text).Should().BeTrue($"{text} belongs to {name}");
            }
            else
            {
                text.Should().NotContain("/", "what has the name of a Service is its own unless it is deleted");
                (message.Type & 0xFF).Should().Match(type => type != Message.NewSetElem || text.Contains("nodeport-ips", StringComparison.Ordinal) || text.Contains("__set", StringComparison.Ordinal), text);
            }
        }

        return owned;
    }

    /// <summary>Each element with its set, and all other messages, without numbers.</summary>
    private static List<string> Flatten(NftBatch batch)
    {
        List<string> all = [];
        MessageReader reader = new(batch.Messages);
        while (reader.TryRead(out NetlinkMessage message))
        {
            if ((message.Type & 0xFF) is not (Message.NewSetElem or Message.DelSetElem) || message.Type >> 8 != Subsystem)
            {
                all.Add($"{message.Type:x} {Convert.ToHexString(message.Payload)}");
                continue;
            }

            AttributeReader attributes = message.Attributes;
            while (attributes.Read())
            {
                if (attributes.Type != ElementListAttribute.Elements)
                {
                    continue;
                }

                AttributeReader elements = attributes.Nested;
                while (elements.Read())
                {
                    all.Add($"{message.Type:x} {Text(message)} {Convert.ToHexString(elements.Value)}");
                }
            }
        }

        return all;
    }

    /// <summary>The name of what a message is about; empty for the deletion of what belonged to a Service.</summary>
    private static string Text(NetlinkMessage message)
    {
        AttributeReader attributes = message.Attributes;
        ushort type = (ushort)((message.Type & 0xFF) switch
        {
            Message.NewChain => ChainAttribute.Name,
            Message.NewSet => SetAttribute.Name,
            Message.NewRule => RuleAttribute.Chain,
            Message.NewSetElem or Message.DelSetElem => ElementListAttribute.Set,
            _ => 0,
        });
        return message.Type >> 8 == Subsystem && type != 0 && attributes.TryFind(type) ? Encoding.UTF8.GetString(attributes.ToText()) : "";
    }

    private static bool IsOf(ServiceRules service, NetlinkMessage message, string text)
    {
        if ((message.Type & 0xFF) == Message.DelRule)
        {
            return true; // a chain is emptied before its rules are written
        }

        if ((message.Type & 0xFF) != Message.NewSetElem)
        {
            return service.Ports.AsSpan().ToArray().Any(port => text.Contains($"-{port.Name.Service}/", StringComparison.Ordinal));
        }

        AttributeReader attributes = message.Attributes;
        attributes.TryFind(ElementListAttribute.Elements).Should().BeTrue();
        AttributeReader elements = attributes.Nested;
        while (elements.Read())
        {
            AttributeReader key = elements.Nested;
            key.TryFind(ElementAttribute.Key).Should().BeTrue();
            AttributeReader value = key.Nested;
            value.TryFind(DataAttribute.Value).Should().BeTrue();
            int addressLength = message.Family == NetlinkHeader.FamilyIPv4 ? 4 : 16;
            bool isOwn = text.Contains("nodeport", StringComparison.Ordinal)
                ? HasNodePort(service, SetKeys.Of(Encoding.UTF8.GetBytes(text)), value.Value)
                : HasAddress(service, IpAddress.FromBytes(value.Value[..addressLength]));
            if (!isOwn)
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasNodePort(ServiceRules service, KeyFields key, ReadOnlySpan<byte> value)
    {
        int offset = (key & KeyFields.Protocol) != 0 ? 4 : 0;
        int number = (value[offset] << 8) | value[offset + 1];
        return service.Ports.AsSpan().ToArray().Any(port => port.Spec.NodePort == number);
    }

    private static bool HasAddress(ServiceRules service, IpAddress address)
    {
        foreach (ServicePortRules port in service.Ports)
        {
            if (port.Spec.ClusterIP == address
                || port.Spec.ExternalIPs.AsSpan().Contains(address)
                || port.Spec.LoadBalancerIPs.AsSpan().Contains(address)
                || port.Endpoints.Reachable.AsSpan().ToArray().Any((Endpoint endpoint) => endpoint.Target.Address == address))
            {
                return true;
            }
        }

        return false;
    }
}
