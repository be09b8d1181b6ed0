using KubeProxySharp.Proxy.Commands;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>What was not given is not taken for a fact: it is an error, or it is said beside the answer.</summary>
public sealed class MissingInputTests : IDisposable
{
    private const string Node =
        """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          clusterIP: 10.96.0.20
          clusterIPs: [10.96.0.20]
          type: NodePort
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080, protocol: TCP}]
        ---

        """;

    private const string Endpoints =
        """
        apiVersion: v1
        kind: Endpoints
        metadata: {name: web, namespace: shop}
        subsets: [{addresses: [{ip: 10.244.1.5, nodeName: node-a}], ports: [{name: http, port: 8080}]}]
        ---

        """;

    private const string OtherSlice =
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        addressType: IPv4
        metadata: {name: other-1, namespace: shop, labels: {kubernetes.io/service-name: other}}
        ports: [{name: http, port: 8080, protocol: TCP}]
        endpoints: [{addresses: [10.244.1.6], conditions: {ready: true}}]
        ---

        """;

    private const string Nat =
        """
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        :KUBE-SERVICES - [0:0]
        -A PREROUTING -j KUBE-SERVICES
        -A POSTROUTING -j MASQUERADE
        -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.0.2:80
        COMMIT

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-missing-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>What is asked for comes first: warnings about many objects are one line for each kind, unless all is asked for.</summary>
    [Fact]
    public async Task WarningsOfOneKindAreOneLine()
    {
        string many = string.Concat(Enumerable.Range(0, 20).Select(static number => $"apiVersion: v1\nkind: Service\nmetadata: {{name: s{number}, namespace: shop}}\nspec: {{clusterIP: 10.96.1.{number}, ports: [{{port: 80}}], externalIPs: [x]}}\n---\n"));
        string[] question = ["-f", Write(Node + many), "--from", "10.244.1.9", "--to", "10.96.0.20:80"];

        ExplainRun brief = await ExplainRun.WithAsync(question);
        ExplainRun whole = await ExplainRun.WithAsync([.. question, "-v"]);

        brief.Errors.Split('\n').Should().ContainSingle(static line => line.Contains("spec.externalIPs", StringComparison.Ordinal)).Which.Should().EndWith("(and 19 other warnings; -v prints each)");
        whole.Errors.Split('\n').Where(static line => line.Contains("spec.externalIPs", StringComparison.Ordinal)).Should().HaveCount(20);
    }

    /// <summary>All commands that read objects do so, by one mechanism.</summary>
    [Theory]
    [InlineData("dry-run", "-f")]
    [InlineData("plan", "-f")]
    [InlineData("verify", "-f")]
    [InlineData("explain", "-f")]
    [InlineData("compare", null)]
    public void EveryCommandHasThatOption(string name, string? paths)
    {
        System.CommandLine.Command command = ProgramCommandLine.Create().Subcommands.Single(command => command.Name == name);
        string[] required = name == "explain" ? ["--from", "node", "--to", "10.96.0.1:1"] : [];

        command.Parse([.. required, .. paths is null ? (string[])["a.yaml"] : [paths, "a.yaml"], "-v"]).Errors.Should().BeEmpty();
        command.Options.Single(static option => option.Name == "--verbose").Description.Should().ContainEquivalentOf("each note");
    }

    [Fact]
    public async Task EndpointsWithoutSlicesAreNoRefusal()
    {
        ExplainRun none = await ExplainRun.WithAsync("-f", Write(Node + Endpoints), "--node", "node-a", "--from", "10.244.1.9", "--to", "svc:shop/web");
        ExplainRun others = await ExplainRun.WithAsync("-f", Write(Node + Endpoints + OtherSlice), "--node", "node-a", "--from", "10.244.1.9", "--to", "svc:shop/web");

        none.ExitCode.Should().Be(ExitCode.Failure);
        none.Output.Should().BeEmpty();
        none.Errors.Should().Contain("the input has Endpoints (shop/web) and no EndpointSlice: EndpointSlices are missing").And.Contain("kubectl get endpointslices");
        others.ExitCode.Should().Be(ExitCode.Failure);
        others.Errors.Should().Contain("Endpoints shop/web with addresses and no EndpointSlice of that Service");
    }

    [Fact]
    public async Task ServicesWithoutAnySliceAreSaid()
    {
        ExplainRun run = await ExplainRun.WithAsync("-f", Write(Node), "--node", "node-a", "--from", "10.244.1.9", "--to", "svc:shop/web");

        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        run.Errors.Should().Contain("note: the input has no EndpointSlice, so no Service in it has endpoints");
    }

    [Fact]
    public async Task ANodeThatTheInputDoesNotHaveIsAWarning()
    {
        ExplainRun run = await ExplainRun.WithAsync("-f", Write(Node + OtherSlice), "--node", "node-typo", "--from", "outside", "--to", "192.0.2.10:30080");

        run.Errors.Should().Contain("warning: the input has no Node node-typo; its zone and addresses are unknown (it has node-a)");
    }

    [Fact]
    public async Task WithoutNodeAddressesNodePortsCannotBeJudged()
    {
        ExplainRun without = await ExplainRun.WithAsync("--rules", Write(Nat), "--from", "198.51.100.7", "--to", "192.0.2.10:30080");
        ExplainRun with = await ExplainRun.WithAsync("--rules", Write(Nat), "--node-address", "192.0.2.10", "--from", "198.51.100.7", "--to", "192.0.2.10:30080");

        without.Output.Should().Contain("the addresses of the node are not known (--node-address)").And.Contain("cannot be judged");
        with.Output.Should().NotContain("cannot be judged");
        with.Output.Should().Contain("the input has no table filter of IPv4");
    }

    [Fact]
    public async Task APacketOfIPv6IsNotLedThroughRulesOfIPv4()
    {
        string unnamed = Write("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0 -j ACCEPT\nCOMMIT\n");
        string[] packet = ["--from", "2001:db8:1::9", "--to", "[2001:db8:2::5]:443", "--node-address", "2001:db8::10"];

        ExplainRun known = await ExplainRun.WithAsync(["--rules", Write(Nat), .. packet]);
        ExplainRun unknown = await ExplainRun.WithAsync(["--rules", unnamed, .. packet]);
        ExplainRun said = await ExplainRun.WithAsync(["--rules6", unnamed, .. packet]);
        ExplainRun taken = await ExplainRun.WithAsync("--rules", unnamed, "--node-address", "192.0.2.10", "--from", "198.51.100.7", "--to", "192.0.2.99:443");

        known.ExitCode.Should().Be(ExitCode.Failure);
        known.Errors.Should().Contain("none of the files has IPv6 rules").And.Contain("ip6tables-save");
        unknown.ExitCode.Should().Be(ExitCode.Failure);
        unknown.Errors.Should().Contain("nothing in table filter shows whether its rules are of IPv4 or IPv6; say it with --rules4 or --rules6");
        said.ExitCode.Should().Be(ExitCode.Success, said.Errors);
        taken.Output.Should().Contain("nothing in the rules shows whether they are of IPv4 or IPv6; taken for IPv4");
    }

    [Fact]
    public async Task EachFamilyHasItsPolicy()
    {
        string ipv4 = Write("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -d 10.244.0.0/16 -j ACCEPT\nCOMMIT\n");
        string ipv6 = Write("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -d fd00:5::/64 -j DROP\nCOMMIT\n");

        ExplainRun run = await ExplainRun.WithAsync("--rules", ipv4, "--rules", ipv6, "--node-address", "192.0.2.10", "--node-address", "2001:db8::10", "--from", "2001:db8:1::9", "--to", "[2001:db8:2::5]:443");

        run.Output.Should().Contain(": left alone");
    }

    /// <summary>Of a node of kind, as it was reported: each rule is an opaque xt expression.</summary>
    [Fact]
    public async Task TablesOfIptablesThatNftListedAreRefused()
    {
        ExplainRun run = await ExplainRun.WithAsync("--rules", "tests/Proxy.Tests/Commands/Explain/reported/kind-nft-list.json", "--node-address", "172.20.0.3", "--from", "10.244.2.9", "--to", "10.96.86.215:80");

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Output.Should().BeEmpty();
        run.Errors.Should().Contain("table nat (IPv4) was written by iptables-nft").And.Contain("give what iptables-save prints");
    }

    private string Write(string content)
    {
        string path = Path.Combine(_directory, Path.GetRandomFileName() + ".yaml");
        File.WriteAllText(path, content);
        return path;
    }
}
