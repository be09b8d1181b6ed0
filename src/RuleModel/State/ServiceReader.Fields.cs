using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <content>Checks and conversions of single fields.</content>
public sealed partial class ServiceReader
{
    private bool HasUsableNames()
    {
        if (DnsLabel.IsValid(_service.Name.Namespace) && DnsLabel.IsValid(_service.Name.Name))
        {
            return true;
        }

        string field = DnsLabel.IsValid(_service.Name.Namespace) ? "metadata.name" : "metadata.namespace";
        _problems.Add(NewProblem(ProblemSeverity.Error, field, "is not a DNS label; the Service gets no rules"));
        return false;
    }

    private bool HasKnownValues() =>
        IsOneOf("spec.type", _service.Type, [Service.ClusterIPType, NodePortType, LoadBalancerType])
        && IsOneOf("spec.sessionAffinity", _service.SessionAffinity, ["None", "ClientIP", ""])
        && IsOneOf("spec.externalTrafficPolicy", _service.ExternalTrafficPolicy, ["Cluster", "Local", ""])
        && IsOneOf("spec.internalTrafficPolicy", _service.InternalTrafficPolicy ?? "", ["Cluster", "Local", ""]);

    private bool IsOneOf(string field, string value, ReadOnlySpan<string> allowed)
    {
        if (allowed.Contains(value))
        {
            return true;
        }

        string choices = string.Join(", ", allowed.TrimEnd("").ToArray());
        _problems.Add(NewProblem(ProblemSeverity.Error, field, $"\"{value}\" is none of {choices}; the Service gets no rules"));
        return false;
    }

    private bool TryReadPort(int index, IpFamily family, out TransportProtocol protocol)
    {
        ServicePort port = _service.Ports[index];
        string field = $"spec.ports[{index}]";
        if (!TransportProtocols.TryParse(port.Protocol, out protocol))
        {
            Report(ProblemSeverity.Error, family, field + ".protocol", $"\"{port.Protocol}\" is not TCP, UDP or SCTP; the port gets no rules");
            return false;
        }

        if (port.Port is < 1 or > ushort.MaxValue)
        {
            Report(ProblemSeverity.Error, family, field + ".port", $"{port.Port} is not between 1 and 65535; the port gets no rules");
            return false;
        }

        if (port.NodePort is < 0 or > ushort.MaxValue)
        {
            Report(ProblemSeverity.Error, family, field + ".nodePort", $"{port.NodePort} is not between 1 and 65535; the port gets no rules");
            return false;
        }

        if (port.Name.Length != 0 && !DnsLabel.IsValid(port.Name))
        {
            Report(ProblemSeverity.Error, family, field + ".name", "is not a DNS label; the port gets no rules");
            return false;
        }

        return true;
    }

    private EquatableArray<IpAddress> ReadExternalIPs(IpFamily family)
    {
        List<IpAddress> addresses = [];
        for (int index = 0; index < _service.ExternalIPs.Length; index++)
        {
            string text = _service.ExternalIPs[index];
            if (IpAddress.TryParse(text, out IpAddress address))
            {
                AddOfFamily(addresses, address, family);
            }
            else if (text.Length != 0)
            {
                Report(ProblemSeverity.Warning, family, $"spec.externalIPs[{index}]", $"\"{text}\" is not an IP address; ignored");
            }
        }

        return EquatableArray.CopyOf(addresses);
    }

    private EquatableArray<IpAddress> ReadLoadBalancerIPs(IpFamily family)
    {
        List<IpAddress> addresses = [];
        for (int index = 0; index < _service.LoadBalancerIngress.Length; index++)
        {
            LoadBalancerIngress ingress = _service.LoadBalancerIngress[index];
            if (ingress.Ip.Length == 0 || ingress.IpMode is not (null or "VIP"))
            {
                continue;
            }

            if (IpAddress.TryParse(ingress.Ip, out IpAddress address))
            {
                AddOfFamily(addresses, address, family);
            }
            else
            {
                Report(ProblemSeverity.Warning, family, $"status.loadBalancer.ingress[{index}].ip", $"\"{ingress.Ip}\" is not an IP address; ignored");
            }
        }

        return EquatableArray.CopyOf(addresses);
    }

    private static void AddOfFamily(List<IpAddress> addresses, IpAddress address, IpFamily family)
    {
        if (address.Family == family)
        {
            addresses.Add(address);
        }
    }

    private EquatableArray<IpPrefix> ReadSourceRanges(IpFamily family)
    {
        List<IpPrefix> ranges = [];
        for (int index = 0; index < _service.LoadBalancerSourceRanges.Length; index++)
        {
            string text = _service.LoadBalancerSourceRanges[index].Trim();
            if (IpPrefix.TryParse(text, out IpPrefix range))
            {
                if (range.Family == family)
                {
                    ranges.Add(range);
                }
            }
            else if (text.Length != 0)
            {
                Report(ProblemSeverity.Warning, family, $"spec.loadBalancerSourceRanges[{index}]", $"\"{text}\" is not a CIDR; ignored");
            }
        }

        return ranges.Exists(range => range.IsEverything) ? default : EquatableArray.CopyOf(ranges);
    }

    private int ReadAffinity(IpFamily family)
    {
        if (_service.SessionAffinity is not "ClientIP")
        {
            return 0;
        }

        int seconds = _service.SessionAffinityTimeoutSeconds ?? DefaultAffinitySeconds;
        if (seconds is > 0 and <= MaxAffinitySeconds)
        {
            return seconds;
        }

        Report(
            ProblemSeverity.Error,
            family,
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
            $"{seconds} is not between 1 and {MaxAffinitySeconds}; {DefaultAffinitySeconds} is used");
        return DefaultAffinitySeconds;
    }

    private ushort ReadHealthCheckNodePort(IpFamily family)
    {
        if (_service.Type is not LoadBalancerType || !IsExternalPolicyLocal)
        {
            return 0;
        }

        int port = _service.HealthCheckNodePort;
        if (port is > 0 and <= ushort.MaxValue)
        {
            return (ushort)port;
        }

        ProblemSeverity severity = port == 0 ? ProblemSeverity.Warning : ProblemSeverity.Error;
        string reason = port == 0
            ? "is missing although externalTrafficPolicy is Local; load balancers cannot check this node"
            : $"{port} is not between 1 and 65535; ignored";
        Report(severity, family, "spec.healthCheckNodePort", reason);
        return 0;
    }
}
