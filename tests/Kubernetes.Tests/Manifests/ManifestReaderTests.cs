using System.Text;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Kubernetes.Tests.Manifests;

/// <summary>The shapes of wire notes 7.1, and what is said about input that is not as it should be.</summary>
public sealed class ManifestReaderTests
{
    private const string Service =
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: shop
        spec:
          clusterIP: 10.96.0.10
          ports:
          - port: 80

        """;

    private readonly ManifestReader _reader = new();

    [Theory]
    [InlineData("podIP: 10.244.1.3, podIPs: [{ip: 10.244.1.3}, {ip: \"fd00::3\"}]", "[10.244.1.3, fd00::3]", false)]
    [InlineData("podIP: 10.244.1.3, phase: Succeeded", "[10.244.1.3]", true)]
    [InlineData("phase: Pending", "[]", false)]
    public void PodsTellWhoHasAnAddress(string status, string addresses, bool hasEnded)
    {
        Read($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: client, namespace: shop}
            spec: {nodeName: node-a, hostNetwork: true, containers: [{name: a, image: b}]}
            status: { {{status}} }
            """);

        Pod pod = _reader.Objects.Pods[new("shop", "client")];
        pod.Addresses.ToString().Should().Be(addresses);
        pod.HasEnded.Should().Be(hasEnded);
        pod.IsHostNetwork.Should().BeTrue();
        pod.NodeName.Should().Be("node-a");
        _reader.Messages.Should().BeEmpty();
    }

    [Fact]
    public void AHandWrittenServiceGetsTheServersDefaults()
    {
        Read(Service);

        Service service = _reader.Objects.Services[Samples.Web];
        service.Type.Should().Be("ClusterIP");
        service.Ports[0].Protocol.Should().Be("TCP");
        service.InternalTrafficPolicy.Should().Be("Cluster");
        service.SessionAffinity.Should().Be("None");
        _reader.Messages.Should().BeEmpty();
    }

    [Fact]
    public void AMissingNamespaceIsDefault()
    {
        Read(Service.Replace("  namespace: shop\n", ""));

        _reader.Objects.Services.Keys.Should().Equal(new NamespacedName("default", "web"));
    }

    [Fact]
    public void SeveralDocumentsCommentsAndEmptyOnesAreFine()
    {
        Read($"# first\n---\n---\n{Service}---\n# nothing\n---\n{Service.Replace("name: web", "name: other")}...\n");

        _reader.Objects.Services.Should().HaveCount(2);
        _reader.Messages.Should().BeEmpty();
    }

    /// <summary>What kubectl, helm and people write; all of these are one Service.</summary>
    [Theory]
    [InlineData("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}")]
    [InlineData("{\"apiVersion\": \"v1\", \"kind\": Service, \"metadata\": {\"name\": web, \"namespace\": shop}}")]
    [InlineData("{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\", \"namespace\": \"shop\"}} # a comment\n")]
    [InlineData("{ # a comment\n apiVersion: v1, kind: Service,\n metadata: {name: web, namespace: shop}}\n")]
    [InlineData("# a comment\n{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\", \"namespace\": \"shop\"}}")]
    [InlineData("%YAML 1.2\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n...\n")]
    [InlineData("--- # Source: chart/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n")]
    [InlineData("apiVersion: v1\r\nkind: Service\r\nmetadata:\r\n  name: web\r\n  namespace: shop\r\n")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: &m {name: web, namespace: shop}\nspec: {selector: {app: web}}\t# tab\n")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n    a: |\n      \n      b: c\n")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n  annotations: # odd\n    a: >-  # folded\n     \n      \n      b: c\n    d: \"x\n      y\"\n")]
    public void OtherFormsOfYamlAreRead(string text)
    {
        Read(text);

        _reader.Messages.Where(message => message.Severity != ManifestSeverity.Note).Should().BeEmpty();
        _reader.Objects.Services.Keys.Should().Equal(Samples.Web);
    }

    [Theory]
    [InlineData("{apiVersion: v1, kind: Node, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: b}}\n")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}\n---\n{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"b\"}}\n")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}\n{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"b\"}}\n")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: b}\n")]
    [InlineData("apiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\n{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"b\"}}\n")]
    public void DocumentsInBracesMayFollowEachOther(string text)
    {
        Read(text);

        _reader.Messages.Should().BeEmpty();
        _reader.Objects.Nodes.Keys.Should().Equal("a", "b");
    }

    [Fact]
    public void LinesAfterJsonAreCountedFromTheBeginning()
    {
        Read("{\"apiVersion\":\"v1\",\n \"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: 5}\n");

        _reader.Messages.Should().ContainSingle().Which.Line.Should().Be(6);
    }

    [Theory]
    [InlineData("spec:\n  storageClassName: a\n  storageClassName: a\n", "PersistentVolumeClaim pvc: spec.storageClassName is given twice")]
    [InlineData("spec:\n  a:\n  - {b: 1}\n  - {b: 1, b: 2}\n", "PersistentVolumeClaim pvc: spec.a[1].b is given twice")]
    [InlineData("metadata: {name: pvc}\n", "PersistentVolumeClaim pvc: metadata is given twice")]
    public void ARepeatedKeyOfAKindThatMakesNoRulesIsNamedAndNoError(string text, string told)
    {
        Read("kind: PersistentVolumeClaim\napiVersion: v1\nmetadata: {name: pvc}\n" + text + "---\n" + Service);

        _reader.ErrorCount.Should().Be(0);
        _reader.Messages.Where(message => message.Severity == ManifestSeverity.Warning).Should().ContainSingle().Which.Text.Should().Be(told);
        _reader.Objects.Services.Should().HaveCount(1);
    }

    /// <summary>Helm values and resources of others may hold anything.</summary>
    [Theory]
    [InlineData("kind: Values\nbase: &base {a: 1}\nderived:\n  <<: *base\n  b: 2\n")]
    [InlineData("kind: Panel\nitems: [a, 5, [b]]\n")]
    [InlineData("kind: ThingList\nitems: [a, 5, {b: c, b: d}]\n")]
    [InlineData("kind: Service\napiVersion: serving.knative.dev/v1\nspec: [a]\nmetadata: 5\n")]
    public void WhatASkippedKindContainsIsNoError(string text)
    {
        Read(text + "---\n" + Service);

        _reader.ErrorCount.Should().Be(0);
        _reader.Objects.Services.Should().HaveCount(1);
    }

    [Fact]
    public void AByteOrderMarkIsSkipped()
    {
        _reader.Read("bom.yaml", new MemoryStream([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Service)]));
        _reader.Read("bom.json", new MemoryStream([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}""")]));

        _reader.Objects.Services.Should().HaveCount(1);
        _reader.Objects.Nodes.Should().HaveCount(1);
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"List","items":[ITEM]}""", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"}}""")]
    [InlineData("""{"items":[ITEM],"kind":"List","apiVersion":"v1"}""", """{"metadata":{"name":"web","namespace":"shop"},"kind":"Service","apiVersion":"v1"}""")]
    [InlineData("""{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[ITEM]}""", """{"metadata":{"name":"web","namespace":"shop"}}""")]
    [InlineData("""{"items":[ITEM],"kind":"ServiceList"}""", """{"metadata":{"name":"web","namespace":"shop"}}""")]
    [InlineData("apiVersion: v1\nitems:\n- ITEM\nkind: ServiceList\n", """{"metadata":{"name":"web","namespace":"shop"}}""")]
    [InlineData("""{"type":"ADDED","object":ITEM}""", """{"kind":"Service","metadata":{"name":"web","namespace":"shop"}}""")]
    public void ListsOfEveryShapeAreRead(string list, string item)
    {
        Read(list.Replace("ITEM", item));

        _reader.Objects.Services.Keys.Should().Equal(Samples.Web);
        _reader.ErrorCount.Should().Be(0);
    }

    [Fact]
    public void EmptyAndNullListsAreFine()
    {
        Read("""{"kind":"ServiceList","items":[]}{"kind":"ServiceList","items":null}""");

        _reader.Messages.Should().BeEmpty();
    }

    [Fact]
    public void AWatchDumpEndsInItsLastState()
    {
        string before = """{"kind":"Service","metadata":{"name":"a","namespace":"n"},"spec":{"clusterIP":"10.0.0.1"}}""";
        string after = before.Replace("10.0.0.1", "10.0.0.2");
        string other = before.Replace("\"a\"", "\"b\"");

        Read($$$$"""
            {"type":"ADDED","object":{{{{before}}}}}
            {"type":"ADDED","object":{{{{other}}}}}
            {"type":"MODIFIED","object":{{{{after}}}}}
            {"type":"BOOKMARK","object":{"kind":"Service","metadata":{"resourceVersion":"9"}}}
            {"type":"DELETED","object":{{{{other}}}}}
            """);

        _reader.Objects.Services.Values.Should().ContainSingle().Which.ClusterIP.Should().Be("10.0.0.2");
        _reader.ErrorCount.Should().Be(0);
    }

    [Fact]
    public void RecordedAnswersOfTheApiServerAreRead()
    {
        string wire = RepositoryRoot.Combine("tests", "Kubernetes.Tests", "recorded", "wire");
        foreach (string file in (string[])["services/list.json.body", "endpointslices/list.json.body", "nodes/list.json.body", "servicecidrs/list.json.body"])
        {
            using FileStream stream = File.OpenRead(Path.Combine(wire, file));
            _reader.Read(file, stream);
        }

        _reader.ErrorCount.Should().Be(0, string.Join('\n', _reader.Messages));
        _reader.Objects.Services.Should().HaveCount(10);
        _reader.Objects.EndpointSlices.Should().HaveCount(9);
        _reader.Objects.Nodes.Should().HaveCount(5);
        _reader.Objects.ServiceCidrs.Should().HaveCount(1);
    }

    [Fact]
    public void UnknownKindsAreSkippedWithANote()
    {
        Read(Service + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\n");

        _reader.Messages.Select(message => message.ToString()).Should().Equal(
            "in.yaml: note: skipped 2 objects of kind Deployment, which makes no rules",
            "in.yaml: note: skipped 1 object of kind Service of serving.knative.dev/v1, which makes no rules");
    }

    [Fact]
    public void ASliceHasItsConditionsHintsAndDefaults()
    {
        Read("""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: web-1
              namespace: shop
              labels: {kubernetes.io/service-name: web}
              annotations: {endpoints.kubernetes.io/last-change-trigger-time: "2026-11-20T14:43:14.5Z"}
            addressType: IPv4
            ports: [{port: 8080}, {name: named, port: null}]
            endpoints:
            - addresses: [10.244.0.010]
              nodeName: node-a
              hints: {forZones: [{name: zone-a}], forNodes: [{name: node-a}, {name: node-b}]}
            - addresses: [10.244.0.2]
              conditions: {ready: false, serving: true, terminating: true}
            """);

        EndpointSlice slice = _reader.Objects.EndpointSlices[new("shop", "web-1")];
        slice.ServiceName.Should().Be("web");
        slice.LastChangeTriggerTime.Should().Be(new DateTimeOffset(2026, 11, 20, 14, 43, 14, 500, TimeSpan.Zero));
        slice.Ports.ToString().Should().Contain("Name = , Protocol = Tcp, Port = 8080").And.Contain("Name = named, Protocol = Tcp, Port = 0");
        slice.Endpoints[0].Address.Should().Be(IpAddress.Parse("10.244.0.10"));
        slice.Endpoints[0].Conditions.Should().Be(EndpointConditions.Ready | EndpointConditions.Serving);
        slice.Endpoints[0].NodeHints.Length.Should().Be(2);
        slice.Endpoints[1].Conditions.Should().Be(EndpointConditions.Serving | EndpointConditions.Terminating);
        slice.Endpoints[1].NodeName.Should().BeNull();
    }

    [Fact]
    public void AnFqdnSliceIsReadButUseless()
    {
        Read("""{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"a"},"addressType":"FQDN","endpoints":[{"addresses":["example.org"]}],"ports":null}""");

        _reader.Objects.EndpointSlices.Values.Should().ContainSingle().Which.AddressType.Should().Be(AddressType.Other);
        _reader.ErrorCount.Should().Be(0);
    }

    [Fact]
    public void ANodeHasZoneCidrsAddressesAndFate()
    {
        Read("""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"a","labels":{"topology.kubernetes.io/zone":"z"}},
             "spec":{"podCIDR":"10.0.0.0/24","taints":[{"key":"ToBeDeletedByClusterAutoscaler","effect":"NoSchedule"}]},
             "status":{"addresses":[{"type":"InternalIP","address":"192.0.2.1"}]}}
            """);

        Node node = _reader.Objects.Nodes["a"];
        node.Zone.Should().Be("z");
        node.PodCidrs.ToString().Should().Be("[10.0.0.0/24]");
        node.Addresses[0].Address.Should().Be("192.0.2.1");
        node.IsLeaving.Should().BeTrue();
    }

    [Fact]
    public void AnchorsAndAliasesAreFollowed()
    {
        Read("""
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Service
              metadata: {name: a}
              spec: &spec {clusterIP: 10.96.0.1, ports: [{port: &number 80}]}
            - apiVersion: v1
              kind: Service
              metadata: {name: b}
              spec: *spec
            - {apiVersion: v1, kind: Service, metadata: {name: c}, spec: {clusterIP: 10.96.0.2, ports: [{port: *number}]}}
            """);

        _reader.ErrorCount.Should().Be(0, string.Join('\n', _reader.Messages));
        _reader.Objects.Services[new("default", "b")].Ports[0].Port.Should().Be(80);
        _reader.Objects.Services[new("default", "c")].Ports[0].Port.Should().Be(80);
    }

    [Fact]
    public void TheSameObjectTwiceIsNotedAndADifferentOneRefused()
    {
        Read(Service, "a.yaml");
        Read("\n" + Service, "b.yaml");
        Read(Service.Replace("port: 80", "port: 81"), "c.yaml");

        _reader.Messages.Select(message => message.ToString()).Should().Equal(
            "b.yaml:2: note: Service shop/web: is the same as at a.yaml:1",
            "c.yaml:1: error: Service shop/web: is also defined at a.yaml:1, and differently; remove one");
        _reader.Objects.Services[Samples.Web].Ports[0].Port.Should().Be(80);
    }

    [Fact]
    public void AServiceThatWasNeverAppliedIsNoted()
    {
        Read(Service.Replace("  clusterIP: 10.96.0.10\n", ""));

        _reader.Messages.Should().ContainSingle().Which.ToString().Should().Contain("spec.clusterIP is not set");
    }

    /// <summary>Input, and the line and words that must be in the error.</summary>
    [Theory]
    [InlineData("kind: Service\n  bad: [", 2, "is not YAML")]
    [InlineData("{\"kind\": \"Service\",\n \"metadata\": }", 2, "is not JSON")]
    [InlineData("{\"kind\": \"Service\"", 1, "is not JSON")]
    [InlineData("just words", 1, "is not a Kubernetes object")]
    [InlineData("- a\n- b", 1, "is not a Kubernetes object")]
    [InlineData("metadata: {name: a}", 1, "has no kind")]
    [InlineData("apiVersion: v1\nkind: Service", 1, "metadata.name is missing")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata:\n  name: [a]", 4, "metadata.name is a list, not a text")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata:\n  name: 5", 4, "metadata.name is a number, not a text; write \"5\" in quotes")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - port: many", 6, "spec.ports[0].port is a text, not a number")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - port: 80.5", 6, "spec.ports[0].port \"80.5\" is not a whole number")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports: {port: 80}", 5, "spec.ports is a mapping, not a list")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: 5", 4, "spec is a number, not a mapping")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: 10.96.0.1\n  ports:\n  - port: 0", 7, "spec.ports[0].port 0 is not between 1 and 65535")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: 10.96.0.1\n  ports:\n  - port: 70000", 7, "spec.ports[0].port 70000 is not between 1 and 65535")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: 10.96.0.1\n  ports:\n  - port: 80\n    protocol: ICMP", 8, "spec.ports[0].protocol \"ICMP\" is not TCP, UDP or SCTP")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: 10.96.0\n  ports:\n  - port: 80", 5, "spec.clusterIP \"10.96.0\" is not an IP address")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nkind: Service", 4, "kind is given twice")]
    [InlineData("apiVersion: v1\nkind: List\nitems:\n- 5", 4, "is not a Kubernetes object")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata:\n  <<: {name: a}", 4, "merge key")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: *nowhere", 3, "the anchor \"nowhere\", which is not defined before")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: &m\n  name: a\n  labels: *m", 5, "not defined before")]
    [InlineData("apiVersion: v1\nkind: Service\n? {a: b}\n: c", 3, "a key that is not a text")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}", 1, "addressType is missing")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv5", 4, "addressType \"IPv5\" is none of")]
    [InlineData("{\"type\":\"GONE\",\"object\":{}}", 1, "watch event of type \"GONE\"")]
    [InlineData("{\"items\":[{}]}", 1, "has items but no kind")]
    public void BrokenInputNamesLineFieldAndReason(string text, int line, string reason)
    {
        Read(text);

        ManifestMessage error = _reader.Messages.Should().ContainSingle(message => message.Severity == ManifestSeverity.Error).Subject;
        error.Line.Should().Be(line, error.Text);
        error.Text.Should().Contain(reason);
        error.ToString().Should().StartWith($"in.yaml:{line}: error: ");
    }

    /// <summary>Input, and the line and words that must be in the warning: kube-proxy logs and leaves out the one port or endpoint.</summary>
    [Theory]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: [fd00::1]", 6, "endpoints[0].addresses[0] \"fd00::1\" is not an IPv4 address; the endpoint is left out")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- {nodeName: a}", 6, "endpoints[0] has no addresses")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nports:\n- {port: 70000}", 6, "ports[0].port 70000 is not between")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nports:\n- {port: 80, protocol: tcp}", 6, "ports[0].protocol \"tcp\" is not")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: [10.0.0.1]\n  conditions: {ready: soon}", 7, "endpoints[0].conditions.ready is a text, not a boolean")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: []", 6, "endpoints[0] has no addresses; the endpoint is left out")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: [\"10.0.0.1%eth0\"]", 6, "endpoints[0].addresses[0] \"10.0.0.1%eth0\" is not an IPv4 address")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: [10]", 6, "endpoints[0].addresses[0] is a number, not a text")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: 10.0.0.1", 6, "endpoints[0].addresses is a text, not a list")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- nonsense", 6, "endpoints[0] is a text, not a mapping")]
    [InlineData("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n- addresses: [10.0.0.1]\n  hints:\n    forZones: [a]", 8, "endpoints[0].hints.forZones[0] is a text, not a mapping; the hints are ignored")]
    [InlineData("{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv6\",\n\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]}]}", 2, "endpoints[0].addresses[0] \"10.0.0.1\" is not an IPv6 address")]
    [InlineData("{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"a\"},\"addressType\":\"IPv4\",\n\"endpoints\":[{\"addresses\":[\"fe80::1\"]}]}}", 2, "EndpointSlice default/a: endpoints[0].addresses[0] \"fe80::1\" is not an IPv4 address")]
    public void WhatASliceCannotUseIsLeftOutWithAWarning(string text, int line, string reason)
    {
        Read(text);

        ManifestMessage warning = _reader.Messages.Should().ContainSingle().Subject;
        warning.Severity.Should().Be(ManifestSeverity.Warning);
        warning.Line.Should().Be(line, warning.Text);
        warning.Text.Should().Contain(reason);
        EndpointSlice slice = _reader.Objects.EndpointSlices[new("default", "a")];
        slice.Endpoints.Length.Should().Be(reason.EndsWith("ignored", StringComparison.Ordinal) ? 1 : 0);
        slice.Ports.IsEmpty.Should().BeTrue();
    }

    [Fact]
    public void TheOtherEndpointsOfASliceCount()
    {
        Read("""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: x-a, namespace: d, labels: {kubernetes.io/service-name: x}}
            addressType: IPv4
            ports: [{name: w, port: 8080, protocol: TCP}, {name: x, port: 0}]
            endpoints:
            - {addresses: [10.244.1.12], nodeName: node-a}
            - {addresses: ["fe80::1"], nodeName: node-a}
            - {addresses: [10.244.1.13], nodeName: node-a}
            """);

        EndpointSlice slice = _reader.Objects.EndpointSlices[new("d", "x-a")];
        slice.Endpoints.AsSpan().ToArray().Select(endpoint => endpoint.Address.ToString()).Should().Equal("10.244.1.12", "10.244.1.13");
        slice.Ports.Length.Should().Be(1);
        _reader.ErrorCount.Should().Be(0);
        _reader.Messages.Select(message => message.ToString()).Should().Equal(
            "in.yaml:5: warning: EndpointSlice d/x-a: ports[1].port 0 is not between 1 and 65535; the port is left out",
            "in.yaml:8: warning: EndpointSlice d/x-a: endpoints[1].addresses[0] \"fe80::1\" is not an IPv4 address; the endpoint is left out");
    }

    [Fact]
    public void OfManyWrongEndpointsAFewAreToldAndTheOthersCounted()
    {
        Read("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints:\n" + string.Concat(Enumerable.Repeat("- {addresses: [none]}\n", 1000)));

        _reader.Messages.Should().HaveCount(6);
        _reader.Messages[^1].Text.Should().Be("EndpointSlice default/a: 995 more entries cannot be used and are left out");
    }

    [Fact]
    public void GarbageInARangeIsAWarningWithItsLine()
    {
        Read(Service.Replace("  ports:", "  type: LoadBalancer\n  loadBalancerSourceRanges:\n  - 10.0.0.0/8\n  - 10.0.0/8\n  ports:"));

        _reader.ErrorCount.Should().Be(0);
        _reader.Messages.Should().ContainSingle().Which.ToString()
            .Should().Be("in.yaml:11: warning: Service shop/web: spec.loadBalancerSourceRanges[1] \"10.0.0/8\" is not a CIDR; ignored");
    }

    [Fact]
    public void OneBrokenObjectDoesNotHideTheOthers()
    {
        Read($"apiVersion: v1\nkind: Service\nmetadata: {{name: 5}}\n---\n{Service}");

        _reader.ErrorCount.Should().Be(1);
        _reader.Objects.Services.Should().ContainKey(Samples.Web);
    }

    [Fact]
    public void ErrorsBeyondTwentyAreOnlyCounted()
    {
        Read(string.Concat(Enumerable.Repeat("---\nkind: Service\napiVersion: v1\n", 100)));

        _reader.ErrorCount.Should().Be(100);
        _reader.Messages.Should().HaveCount(20);
    }

    private void Read(string text, string name = "in.yaml") => _reader.Read(name, new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
