using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Testing;
using YamlDotNet.RepresentationModel;

namespace KubeProxySharp.Proxy.Tests.Deploy;

/// <summary>The manifests of deploy/: known fields only, and no more rights than are used.</summary>
public sealed class DeployTests
{
    /// <summary>The fields that the API servers of Kubernetes 1.33 and later know, of those that are used here.</summary>
    private static readonly Dictionary<string, string[]> s_fields = new(StringComparer.Ordinal)
    {
        ["v1 ServiceAccount"] = [],
        ["rbac.authorization.k8s.io/v1 ClusterRole"] = [".rules[].apiGroups[]", ".rules[].resources[]", ".rules[].verbs[]"],
        ["rbac.authorization.k8s.io/v1 ClusterRoleBinding"] =
        [
            ".roleRef.apiGroup", ".roleRef.kind", ".roleRef.name", ".subjects[].kind", ".subjects[].name", ".subjects[].namespace",
        ],
        ["apps/v1 DaemonSet"] =
        [
            ".spec.selector.matchLabels.*",
            ".spec.updateStrategy.type",
            ".spec.updateStrategy.rollingUpdate.maxUnavailable",
            ".spec.template.metadata.labels.*",
            .. Pod("serviceAccountName", "hostNetwork", "dnsPolicy", "priorityClassName", "terminationGracePeriodSeconds", "nodeSelector.*"),
            .. Pod("tolerations[].operator", "volumes[].name", "volumes[].configMap.name", "volumes[].hostPath.path", "volumes[].hostPath.type"),
            .. Container("initContainers[]"),
            .. Container("containers[]"),
        ],
    };

    private static readonly YamlNode s_pod = DeployFiles.At(DeployFiles.Read("base", "daemonset.yaml")[0], "spec", "template", "spec");

    public static TheoryData<string> Manifests() => ["serviceaccount.yaml", "rbac.yaml", "daemonset.yaml"];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void ManifestsHaveKnownFieldsOnly(string file)
    {
        foreach (YamlMappingNode manifest in DeployFiles.Read("base", file))
        {
            string kind = $"{manifest["apiVersion"]} {manifest["kind"]}";

            DeployFiles.Paths(manifest).Should().BeSubsetOf(
                [".apiVersion", ".kind", ".metadata.name", ".metadata.labels.*", .. s_fields[kind]], "{0} has no other", kind);
        }
    }

    [Fact]
    public void TheAgentHasTwoCapabilitiesAndNoMore()
    {
        YamlNode rights = DeployFiles.At(s_pod, "containers", 0, "securityContext");

        DeployFiles.Texts(DeployFiles.At(rights, "capabilities", "drop")).Should().Equal("ALL");
        DeployFiles.Texts(DeployFiles.At(rights, "capabilities", "add")).Should().Equal("NET_ADMIN", "NET_RAW");
        rights["privileged"].ToString().Should().Be("false");
        rights["allowPrivilegeEscalation"].ToString().Should().Be("false");
        rights["readOnlyRootFilesystem"].ToString().Should().Be("true");
    }

    [Fact]
    public void OnlyPreparationIsPrivileged()
    {
        YamlNode preparation = DeployFiles.At(s_pod, "initContainers", 0);

        DeployFiles.Texts(preparation["args"]).Should().Contain("--init-only");
        DeployFiles.At(preparation, "securityContext", "readOnlyRootFilesystem").ToString().Should().Be("true");
    }

    [Fact]
    public void EveryMountHasItsVolume()
    {
        string[] volumes = [.. ((YamlSequenceNode)s_pod["volumes"]).Select(volume => volume["name"].ToString())];

        foreach (string kind in new[] { "initContainers", "containers" })
        {
            ((YamlSequenceNode)DeployFiles.At(s_pod, kind, 0, "volumeMounts")).Select(mount => mount["name"].ToString()).Should().Equal(volumes);
        }
    }

    [Fact]
    public void TheRoleAllowsWhatTheAgentReadsAndNoMore()
    {
        YamlNode rules = DeployFiles.Read("base", "rbac.yaml")[0]["rules"];
        IEnumerable<string> allowed = ((YamlSequenceNode)rules).SelectMany(rule =>
            from apiGroup in DeployFiles.Texts(rule["apiGroups"])
            from resource in DeployFiles.Texts(rule["resources"])
            from verb in DeployFiles.Texts(rule["verbs"])
            select $"{verb} {apiGroup}/{resource}");

        (string, string)[] read =
        [
            (ApiResources.Services.Group, ApiResources.Services.Plural),
            (ApiResources.EndpointSlices.Group, ApiResources.EndpointSlices.Plural),
            (ApiResources.ServiceCidrs.Group, ApiResources.ServiceCidrs.Plural),
            (ApiResources.Node("").Group, ApiResources.Node("").Plural),
        ];
        allowed.Should().BeEquivalentTo(
        [
            .. read.SelectMany(resource => new[] { "list", "watch" }.Select(verb => $"{verb} {resource.Item1}/{resource.Item2}")),
            "create events.k8s.io/events",
            "patch events.k8s.io/events",
        ]);
        DeployFiles.Read("base", "rbac.yaml")[1]["subjects"][0]["name"].Should().Be(DeployFiles.Read("base", "serviceaccount.yaml")[0]["metadata"]["name"]);
        s_pod["serviceAccountName"].Should().Be(DeployFiles.Read("base", "serviceaccount.yaml")[0]["metadata"]["name"]);
    }

    [Fact]
    public void TheConfigurationIsValid()
    {
        LoadedConfiguration loaded = ConfigurationReader.ReadFile(DeployFiles.PathOf("base", "kube-proxy.yaml"));

        loaded.StrictProblems.Should().BeEmpty();
        ConfigurationValidator.Validate(loaded.Value).Should().BeEmpty();
        foreach (string kind in new[] { "initContainers", "containers" })
        {
            DeployFiles.Texts(DeployFiles.At(s_pod, kind, 0, "args")).Should().Contain("--config=/etc/kube-proxy-sharp/config.conf");
        }
    }

    [SkippableTheory]
    [InlineData("deploy")]
    [InlineData("deploy/canary")]
    public void KustomizePutsThemTogether(string folder)
    {
        Skip.IfNot(ChildProcess.Exists("kubectl"), "kubectl is not installed");

        string output = ChildProcess.Run("kubectl", "", "kustomize", RepositoryRoot.Combine(folder));

        YamlStream stream = [];
        using StringReader reader = new(output);
        stream.Load(reader);
        stream.Documents.Select(document => document.RootNode["kind"].ToString())
            .Should().BeEquivalentTo("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "DaemonSet");
        output.Should().NotContain("image: kube-proxy-sharp\n");
    }

    /// <summary>The bus of the node is a way to more rights: it is mounted where that is asked for, into the agent's container alone.</summary>
    [SkippableFact]
    public void TheComponentMountsTheBusIntoTheAgentReadOnly()
    {
        Skip.IfNot(ChildProcess.Exists("kubectl"), "kubectl is not installed");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kube-proxy-sharp-deploy-");
        ChildProcess.Run("cp", "", "-r", DeployFiles.PathOf("base"), DeployFiles.PathOf("firewalld"), folder.FullName);
        string both = folder.CreateSubdirectory("both").FullName;
        File.WriteAllText(Path.Combine(both, "kustomization.yaml"), "resources: [../base]\ncomponents: [../firewalld]\n");

        string output = ChildProcess.Run("kubectl", "", "kustomize", both);

        YamlStream stream = [];
        using StringReader reader = new(output);
        stream.Load(reader);
        YamlNode pod = DeployFiles.At(stream.Documents.Select(document => document.RootNode).Single(node => node["kind"].ToString() == "DaemonSet"), "spec", "template", "spec");
        DeployFiles.At(pod, "containers", 0, "volumeMounts").ToString().Should().Contain("xtables.lock").And.Contain("/run/dbus");
        YamlNode mount = ((YamlSequenceNode)DeployFiles.At(pod, "containers", 0, "volumeMounts")).Single(node => node["name"].ToString() == "bus");
        mount["readOnly"].ToString().Should().Be("true");
        ((YamlSequenceNode)DeployFiles.At(pod, "initContainers", 0, "volumeMounts")).Should().NotContain(node => node["name"].ToString() == "bus");
        File.ReadAllText(DeployFiles.PathOf("base", "daemonset.yaml")).Should().NotContain("dbus");
        folder.Delete(recursive: true);
    }

    private static IEnumerable<string> Pod(params string[] fields) => fields.Select(field => ".spec.template.spec." + field);

    private static IEnumerable<string> Container(string at) => Pod([.. new[]
    {
        "name", "image", "args[]", "env[].name", "env[].value", "env[].valueFrom.fieldRef.fieldPath",
        "securityContext.privileged", "securityContext.allowPrivilegeEscalation", "securityContext.readOnlyRootFilesystem",
        "securityContext.runAsUser", "securityContext.seccompProfile.type", "securityContext.capabilities.drop[]", "securityContext.capabilities.add[]",
        "ports[].name", "ports[].containerPort", "ports[].hostPort", "ports[].protocol",
        "readinessProbe.httpGet.path", "readinessProbe.httpGet.port", "readinessProbe.periodSeconds",
        "livenessProbe.httpGet.path", "livenessProbe.httpGet.port", "livenessProbe.periodSeconds", "livenessProbe.failureThreshold",
        "startupProbe.httpGet.path", "startupProbe.httpGet.port", "startupProbe.periodSeconds", "startupProbe.failureThreshold",
        "resources.requests.*", "volumeMounts[].name", "volumeMounts[].mountPath", "volumeMounts[].readOnly",
    }.Select(field => $"{at}.{field}")]);
}
