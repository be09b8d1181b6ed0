using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Decodes a user of a kubeconfig.</summary>
/// <param name="directory">The directory of the kubeconfig, which relative paths are relative to.</param>
internal sealed class UserDecoder(string directory)
{
    private const string Group = "client.authentication.k8s.io/";

    /// <summary>Decodes the value of <c>user</c>.</summary>
    public UserEntry Decode(DocumentNode node)
    {
        DocumentNode provider = node["auth-provider"u8];
        if (!provider.IsNull)
        {
            throw provider.Wrong("is an authentication plugin of a kind that client-go removed in 1.26; use exec instead");
        }

        return new()
        {
            ClientCertificate = ClusterDecoder.Resolve(ConcealedText.Of(node["client-certificate"u8]), directory),
            ClientCertificateData = ConcealedText.Of(node["client-certificate-data"u8]),
            ClientKey = ClusterDecoder.Resolve(ConcealedText.Of(node["client-key"u8]), directory),
            ClientKeyData = new(ConcealedText.Of(node["client-key-data"u8])),
            Token = new(ConcealedText.Of(node["token"u8])),
            TokenFile = ClusterDecoder.Resolve(ConcealedText.Of(node["tokenFile"u8]), directory),
            UserName = ConcealedText.Of(node["username"u8]),
            Password = new(ConcealedText.Of(node["password"u8])),
            Plugin = node["exec"u8] is { IsNull: false } plugin ? DecodePlugin(plugin) : null,
            Impersonation = DecodeImpersonation(node),
        };
    }

    private static Impersonation DecodeImpersonation(DocumentNode node)
    {
        List<KeyValuePair<string, IReadOnlyList<string>>> extra = [];
        foreach (DocumentNode member in node["as-user-extra"u8].Members)
        {
            extra.Add(new(member.Key, ConcealedText.ListOf(member)));
        }

        return new()
        {
            User = ConcealedText.Of(node["as"u8]),
            Uid = ConcealedText.Of(node["as-uid"u8]),
            Groups = ConcealedText.ListOf(node["as-groups"u8]),
            Extra = extra,
        };
    }

    private PluginEntry DecodePlugin(DocumentNode node)
    {
        string apiVersion = ConcealedText.Of(node["apiVersion"u8]);
        if (apiVersion is not (Group + "v1" or Group + "v1beta1"))
        {
            throw node.Wrong($"has the apiVersion \"{apiVersion}\"; it must be {Group}v1 or {Group}v1beta1");
        }

        string command = ConcealedText.Of(node["command"u8]);
        if (command.Length == 0)
        {
            throw node.Wrong("has no command; name the program that prints the credential");
        }

        CheckInteractiveMode(node, isRequired: apiVersion == Group + "v1");
        List<KeyValuePair<string, Secret>> variables = [];
        foreach (DocumentNode variable in node["env"u8].Elements)
        {
            string name = ConcealedText.Of(variable["name"u8]);
            if (name.Length == 0 || name.AsSpan().ContainsAny('=', '\0'))
            {
                throw variable.Wrong("has a name that is empty or holds \"=\"");
            }

            variables.Add(new(name, new(ConcealedText.Of(variable["value"u8]))));
        }

        return new()
        {
            ApiVersion = apiVersion,
            Command = command.Contains('/', StringComparison.Ordinal) ? ClusterDecoder.Resolve(command, directory) : command,
            Arguments = ConcealedText.ListOf(node["args"u8]),
            Variables = variables,
            ProvidesClusterInfo = node["provideClusterInfo"u8].AsBoolean() ?? false,
            InstallHint = ConcealedText.Of(node["installHint"u8]),
        };
    }

    private static void CheckInteractiveMode(DocumentNode node, bool isRequired)
    {
        DocumentNode mode = node["interactiveMode"u8];
        switch (ConcealedText.Of(mode))
        {
            case "Never" or "IfAvailable":
            case "" when !isRequired:
                return;
            case "":
                throw node.Wrong("has no interactiveMode, which v1 requires; set it to Never");
            case "Always":
                throw mode.Wrong("is Always, but a daemon has no terminal; use a plugin that works with Never");
            default:
                throw mode.Wrong("must be Never, IfAvailable or Always");
        }
    }
}
