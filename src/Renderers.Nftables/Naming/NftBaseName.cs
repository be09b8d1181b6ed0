using System.Security.Cryptography;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Nftables.Naming;

/// <summary>
/// Names of objects that belong to one service port or to one of its endpoints, as kube-proxy makes them (spec 1.5), so
/// that affinity survives a take-over in either direction.
/// </summary>
public static class NftBaseName
{
    /// <summary>The longest base in bytes; a prefix of at most 16 fits before it.</summary>
    public const int MaxLength = 240;

    private const int HashLength = 8;

    /// <summary>The base of a service port: <c>5KRUAEAV-default/edge/tcp/http</c>.</summary>
    public static string Of(ServicePortName name) => Hashed(Plain(name));

    /// <summary>The base of an endpoint: <c>5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80</c>; colons become points.</summary>
    public static string Of(ServicePortName name, EndpointAddress endpoint) =>
        Hashed($"{Plain(name)}__{endpoint.Address.ToString().Replace(':', '.')}/{endpoint.Port}");

    private static string Plain(ServicePortName name) =>
        $"{name.Service.Namespace}/{name.Service.Name}/{Encoding.ASCII.GetString(name.Protocol.ToLowerText())}/{name.Port}";

    private static string Hashed(string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        string name = $"{Base32(digest)}-{text}";
        return name.Length <= MaxLength ? name : name[..(MaxLength - 3)] + "...";
    }

    /// <summary>RFC 4648 base32 of the first five bytes.</summary>
    private static string Base32(ReadOnlySpan<byte> digest)
    {
        Span<char> text = stackalloc char[HashLength];
        ulong bits = 0;
        foreach (byte value in digest[..5])
        {
            bits = (bits << 8) | value;
        }

        for (int index = 0; index < HashLength; index++)
        {
            text[index] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(int)(bits >> (35 - (5 * index))) & 0x1F];
        }

        return new(text);
    }
}
