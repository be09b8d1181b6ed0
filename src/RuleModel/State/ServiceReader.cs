using System.Buffers;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// Converts Services as the API sends them into the strict model: applies spec 2.2 to 2.6 and reports what it has to leave
/// out.
/// </summary>
public sealed partial class ServiceReader
{
    private const string NoClusterIP = "None";
    private const string LoadBalancerType = "LoadBalancer";
    private const string NodePortType = "NodePort";
    private const string ExternalNameType = "ExternalName";

    /// <summary>The API server's default for <c>sessionAffinityConfig.clientIP.timeoutSeconds</c>.</summary>
    private const int DefaultAffinitySeconds = 10800;

    private const int MaxAffinitySeconds = 86400;

    private readonly Service _service;
    private readonly bool _allowExternalIPs;
    private readonly ICollection<Problem> _problems;

    private ServiceReader(Service service, bool allowExternalIPs, ICollection<Problem> problems)
    {
        _service = service;
        _allowExternalIPs = allowExternalIPs;
        _problems = problems;
    }

    private bool IsExternalPolicyLocal =>
        IsLocalPolicy(_service.ExternalTrafficPolicy)
        && (_service.Type is LoadBalancerType or NodePortType
            || (_service.Type is Service.ClusterIPType && !_service.ExternalIPs.IsEmpty));

    /// <summary>Reads a Service. What cannot be used is left out and reported; nothing is thrown.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="allowExternalIPs">Whether external IPs make rules.</param>
    /// <param name="problems">Receives the problems found.</param>
    public static ServiceDefinition Read(Service service, bool allowExternalIPs, ICollection<Problem> problems) =>
        new ServiceReader(service, allowExternalIPs, problems).Read();

    private static bool IsLocalPolicy(string? policy) => policy is "Local";

    private ServiceDefinition Read()
    {
        bool isSkipped = _service.IsForOtherProxy
            || _service.ClusterIP is "" or NoClusterIP
            || _service.Type is ExternalNameType
            || !HasUsableNames()
            || !HasKnownValues();
        return isSkipped
            ? new(_service.Name, default, default)
            : new(_service.Name, ReadFamily(IpFamily.IPv4), ReadFamily(IpFamily.IPv6));
    }

    private EquatableArray<ServicePortSpec> ReadFamily(IpFamily family)
    {
        if (FindClusterIP(family) is not { } clusterIP)
        {
            return default;
        }

        EquatableArray<IpAddress> externalIPs = _allowExternalIPs ? ReadExternalIPs(family) : default;
        EquatableArray<IpAddress> loadBalancerIPs = ReadLoadBalancerIPs(family);
        EquatableArray<IpPrefix> sourceRanges = ReadSourceRanges(family);
        int affinitySeconds = ReadAffinity(family);
        ushort healthCheckNodePort = ReadHealthCheckNodePort(family);
        SortedDictionary<ServicePortName, ServicePortSpec> specs = [];
        for (int index = 0; index < _service.Ports.Length; index++)
        {
            ServicePort port = _service.Ports[index];
            if (!TryReadPort(index, family, out TransportProtocol protocol))
            {
                continue;
            }

            ServicePortSpec spec = new()
            {
                Name = new(_service.Name, port.Name, protocol),
                ClusterIP = clusterIP,
                Port = (ushort)port.Port,
                NodePort = (ushort)port.NodePort,
                ExternalIPs = externalIPs,
                LoadBalancerIPs = loadBalancerIPs,
                SourceRanges = sourceRanges,
                AffinitySeconds = affinitySeconds,
                InternalPolicy = IsLocalPolicy(_service.InternalTrafficPolicy) ? TrafficPolicy.Local : TrafficPolicy.Cluster,
                ExternalPolicy = IsExternalPolicyLocal ? TrafficPolicy.Local : TrafficPolicy.Cluster,
                HealthCheckNodePort = healthCheckNodePort,
            };
            if (!specs.TryAdd(spec.Name, spec))
            {
                Report(ProblemSeverity.Error, family, $"spec.ports[{index}].name", $"\"{port.Name}\" repeats a name and protocol; the last one counts");
                specs[spec.Name] = spec;
            }
        }

        return EquatableArray.Adopt<ServicePortSpec>([.. specs.Values]);
    }

    private IpAddress? FindClusterIP(IpFamily family)
    {
        if (_service.IpFamilies.IsEmpty)
        {
            return ParseClusterIP("spec.clusterIP", _service.ClusterIP) is { } only && only.Family == family ? only : null;
        }

        string familyName = family == IpFamily.IPv4 ? "IPv4" : "IPv6";
        int count = Math.Min(_service.IpFamilies.Length, _service.ClusterIPs.Length);
        for (int index = 0; index < count; index++)
        {
            if (!string.Equals(_service.IpFamilies[index], familyName, StringComparison.Ordinal))
            {
                continue;
            }

            string field = $"spec.clusterIPs[{index}]";
            if (ParseClusterIP(field, _service.ClusterIPs[index]) is not { } address)
            {
                return null;
            }

            if (address.Family != family)
            {
                _problems.Add(NewProblem(ProblemSeverity.Error, field, $"\"{address}\" is not an {familyName} address as spec.ipFamilies[{index}] says; no {familyName} rules"));
                return null;
            }

            return address;
        }

        return null;
    }

    private IpAddress? ParseClusterIP(string field, string text)
    {
        if (IpAddress.TryParse(text, out IpAddress address))
        {
            return address;
        }

        Problem problem = NewProblem(ProblemSeverity.Error, field, $"\"{text}\" is not an IP address; the Service gets no rules");
        if (!_problems.Contains(problem))
        {
            _problems.Add(problem);
        }

        return null;
    }

    private Problem NewProblem(ProblemSeverity severity, string field, string reason) => new(severity, "Service", _service.Name, field, reason);

    /// <summary>Reports a problem that both families have, once.</summary>
    private void Report(ProblemSeverity severity, IpFamily family, string field, string reason)
    {
        Problem problem = NewProblem(severity, field, reason);
        if (family == IpFamily.IPv4 || !_problems.Contains(problem))
        {
            _problems.Add(problem);
        }
    }
}

/// <summary>A Service after reading: its ports in each family, ordered by name.</summary>
/// <param name="Name">The Service.</param>
/// <param name="IPv4">The ports with an IPv4 cluster IP.</param>
/// <param name="IPv6">The ports with an IPv6 cluster IP.</param>
public sealed record ServiceDefinition(NamespacedName Name, EquatableArray<ServicePortSpec> IPv4, EquatableArray<ServicePortSpec> IPv6)
{
    /// <summary>Whether the Service makes no rules at all: headless, ExternalName, another proxy's, or refused.</summary>
    public bool IsEmpty => IPv4.IsEmpty && IPv6.IsEmpty;

    /// <summary>The ports of a family.</summary>
    public EquatableArray<ServicePortSpec> this[IpFamily family] => family == IpFamily.IPv4 ? IPv4 : IPv6;
}

/// <summary>
/// The check for DNS labels (RFC 1123), the form of all names that get into rules. It keeps quotes and newlines of a forged
/// object out of the text that the kernel's tools read.
/// </summary>
public static class DnsLabel
{
    private const int MaxLength = 63;

    private static readonly SearchValues<char> s_allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Whether the text is a DNS label: 1 to 63 lower-case letters, digits and inner dashes.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxLength && !text.ContainsAnyExcept(s_allowed) && text[0] != '-' && text[^1] != '-';
}
