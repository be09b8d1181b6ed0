using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes spec and status of a Service, with the same defaults as the manifest reader.</summary>
/// <param name="pool">Shares repeated strings. Addresses are not pooled, as they seldom repeat.</param>
internal sealed class ServiceSpecWireDecoder(Utf8StringPool pool)
{
    private readonly ServiceStatusWireDecoder _status = new(pool);
    private readonly SharedSingletons<string> _singleFamilies = new();
    private readonly SharedSingletons<ServicePort> _singlePorts = new();
    private readonly List<ServicePort> _ports = [];
    private readonly List<string> _externalIPs = [];
    private readonly List<string> _sourceRanges = [];
    private readonly List<string> _clusterIPs = [];
    private readonly List<string> _families = [];

    /// <summary>Makes the Service.</summary>
    public Service Decode(NamespacedName name, bool isForOtherProxy, ReadOnlySpan<byte> spec, ReadOnlySpan<byte> status)
    {
        _ports.Clear();
        _externalIPs.Clear();
        _sourceRanges.Clear();
        _clusterIPs.Clear();
        _families.Clear();
        string type = "";
        string clusterIP = "";
        string affinity = "";
        int? affinityTimeout = null;
        string externalPolicy = "";
        string internalPolicy = "";
        int healthPort = 0;
        WireReader reader = new(spec);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // ports
                    BoundedList.Append(_ports, Port(reader.ReadBytes()));
                    break;
                case 0x1a: // clusterIP
                    clusterIP = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case 0x22: // type
                    type = pool.Get(reader.ReadBytes());
                    break;
                case 0x2a: // externalIPs
                    BoundedList.Append(_externalIPs, Encoding.UTF8.GetString(reader.ReadBytes()));
                    break;
                case 0x3a: // sessionAffinity
                    affinity = pool.Get(reader.ReadBytes());
                    break;
                case 0x4a: // loadBalancerSourceRanges
                    BoundedList.Append(_sourceRanges, Encoding.UTF8.GetString(reader.ReadBytes()));
                    break;
                case 0x5a: // externalTrafficPolicy
                    externalPolicy = pool.Get(reader.ReadBytes());
                    break;
                case 0x60: // healthCheckNodePort
                    healthPort = reader.ReadInt32();
                    break;
                case 0x72: // sessionAffinityConfig
                    affinityTimeout = AffinityTimeout(reader.ReadBytes());
                    break;
                case 0x92: // clusterIPs
                    BoundedList.Append(_clusterIPs, Encoding.UTF8.GetString(reader.ReadBytes()));
                    break;
                case 0x9a: // ipFamilies
                    BoundedList.Append(_families, pool.Get(reader.ReadBytes()));
                    break;
                case 0xb2: // internalTrafficPolicy
                    internalPolicy = pool.Get(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        CompleteAddresses(ref clusterIP);
        return new Service
        {
            Name = name,
            IsForOtherProxy = isForOtherProxy,
            Type = type.Length == 0 ? Service.ClusterIPType : type,
            ClusterIP = clusterIP,
            ClusterIPs = EquatableArray.CopyOf(_clusterIPs),
            IpFamilies = _singleFamilies.ArrayOf(_families),
            Ports = _singlePorts.ArrayOf(_ports),
            ExternalIPs = EquatableArray.CopyOf(_externalIPs),
            LoadBalancerSourceRanges = EquatableArray.CopyOf(_sourceRanges),
            LoadBalancerIngress = _status.Ingress(status),
            SessionAffinity = affinity.Length == 0 ? "None" : affinity,
            SessionAffinityTimeoutSeconds = affinityTimeout,
            ExternalTrafficPolicy = externalPolicy,
            InternalTrafficPolicy = internalPolicy.Length == 0 ? "Cluster" : internalPolicy,
            HealthCheckNodePort = healthPort,
        };
    }

    private static int? AffinityTimeout(ReadOnlySpan<byte> config)
    {
        int? timeout = null;
        WireReader outer = new(config);
        while (outer.TryReadKey(out uint outerKey))
        {
            if (outerKey != 0x0a) // clientIP
            {
                outer.Skip(outerKey);
                continue;
            }

            WireReader reader = new(outer.ReadBytes());
            while (reader.TryReadKey(out uint key))
            {
                if (key == 0x08) // timeoutSeconds
                {
                    timeout = reader.ReadInt32();
                }
                else
                {
                    reader.Skip(key);
                }
            }
        }

        return timeout;
    }

    private ServicePort Port(ReadOnlySpan<byte> message)
    {
        string name = "";
        string protocol = "";
        int port = 0;
        int nodePort = 0;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // name
                    name = pool.Get(reader.ReadBytes());
                    break;
                case 0x12: // protocol
                    protocol = pool.Get(reader.ReadBytes());
                    break;
                case 0x18: // port
                    port = reader.ReadInt32();
                    break;
                case 0x28: // nodePort
                    nodePort = reader.ReadInt32();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new ServicePort { Name = name, Protocol = protocol.Length == 0 ? "TCP" : protocol, Port = port, NodePort = nodePort };
    }

    /// <summary>clusterIP is the first of clusterIPs, and families follow from the addresses (wire notes 7.3).</summary>
    private void CompleteAddresses(ref string clusterIP)
    {
        if (_clusterIPs.Count != 0)
        {
            clusterIP = clusterIP.Length == 0 || clusterIP == _clusterIPs[0] ? _clusterIPs[0] : clusterIP;
        }
        else if (_families.Count != 0 && clusterIP.Length != 0)
        {
            _clusterIPs.Add(clusterIP);
        }

        if (_families.Count != 0)
        {
            return;
        }

        foreach (string text in _clusterIPs)
        {
            if (!IpAddress.TryParse(text, out IpAddress address))
            {
                // The rule model reports this with the name of the field.
                _families.Clear();
                return;
            }

            _families.Add(address.IsIPv4 ? "IPv4" : "IPv6");
        }
    }
}
