using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// The identity of a service port, the unit of programming (spec 0): Service, port name (maybe empty) and protocol.
/// Ordered by Service, port name, protocol.
/// </summary>
/// <param name="Service">The Service.</param>
/// <param name="Port">The port name; empty if the port has none.</param>
/// <param name="Protocol">The protocol. It is not part of the text.</param>
public readonly record struct ServicePortName(NamespacedName Service, string Port, TransportProtocol Protocol) : IComparable<ServicePortName>
{
    /// <summary>The longest text in bytes: three DNS labels of 63 bytes and two separators.</summary>
    public const int MaxTextLength = (3 * 63) + 2;

    /// <inheritdoc/>
    public int CompareTo(ServicePortName other)
    {
        int byService = Service.CompareTo(other.Service);
        if (byService != 0)
        {
            return byService;
        }

        int byPort = string.CompareOrdinal(Port, other.Port);
        return byPort != 0 ? byPort : Protocol.CompareTo(other.Protocol);
    }

    /// <inheritdoc/>
    public bool Equals(ServicePortName other) =>
        Service == other.Service && Protocol == other.Protocol && string.Equals(Port, other.Port, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Service, string.GetHashCode(Port, StringComparison.Ordinal), Protocol);

    /// <summary>Writes the service-port string of spec 1.1, <c>namespace/name:port</c> or <c>namespace/name</c>.</summary>
    /// <param name="destination">At least <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int Format(Span<byte> destination)
    {
        int length = System.Text.Encoding.UTF8.GetBytes(Service.Namespace, destination);
        destination[length++] = (byte)'/';
        length += System.Text.Encoding.UTF8.GetBytes(Service.Name, destination[length..]);
        if (Port.Length == 0)
        {
            return length;
        }

        destination[length++] = (byte)':';
        return length + System.Text.Encoding.UTF8.GetBytes(Port, destination[length..]);
    }

    /// <summary>The service-port string of spec 1.1.</summary>
    public override string ToString() =>
        Port.Length == 0 ? $"{Service.Namespace}/{Service.Name}" : $"{Service.Namespace}/{Service.Name}:{Port}";
}
