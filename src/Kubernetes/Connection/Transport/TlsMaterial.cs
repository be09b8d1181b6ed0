using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>What connections are made with. Equal when nothing was replaced.</summary>
/// <param name="Authority">Whom to trust; null for the system's authorities.</param>
/// <param name="Certificate">Who we are; null for nobody.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TlsMaterial(ServerAuthority? Authority, ClientCertificate? Certificate);
