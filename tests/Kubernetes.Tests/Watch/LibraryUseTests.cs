using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using KubeProxySharp.Kubernetes.Client;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

public sealed class LibraryUseTests
{
    /// <summary>
    /// KubernetesClient's connection does not check the server's name under a private authority, and one reference to its
    /// client or to its own reader of JSON makes a native program keep all of its types. Its objects are what is used, sent
    /// over the connection whose refusals the tests of TLS prove: a wrong name, a wrong authority, a bundle of two.
    /// </summary>
    [Fact]
    public void OnlyObjectsAreTakenFromTheLibraryAndNoConnection()
    {
        using FileStream file = File.OpenRead(typeof(ApiClient).Assembly.Location);
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        string[] used =
        [
            .. metadata.TypeReferences.Select(metadata.GetTypeReference)
                .Select(type => (Space: metadata.GetString(type.Namespace), Name: metadata.GetString(type.Name)))
                .Where(type => type.Space == "k8s" || type.Space.StartsWith("k8s.", StringComparison.Ordinal))
                .Where(type => type.Space != "k8s.Models")
                .Select(type => $"{type.Space}.{type.Name}"),
        ];

        used.Should().Equal(["k8s.KubernetesJson"], "its converter of times is a type within");
        metadata.TypeReferences.Select(metadata.GetTypeReference).Select(type => metadata.GetString(type.Name)).Should().Contain("Eventsv1Event");
        metadata.MemberReferences.Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference
                && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name) == "KubernetesJson")
            .Should().BeEmpty("it reads and writes by way of all types");
    }
}
