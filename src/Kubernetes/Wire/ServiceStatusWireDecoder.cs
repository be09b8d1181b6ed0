using System.Text;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes <c>status.loadBalancer.ingress</c> of a Service.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class ServiceStatusWireDecoder(Utf8StringPool pool)
{
    private readonly List<LoadBalancerIngress> _ingress = [];

    /// <summary>The entries in the order of the list.</summary>
    public EquatableArray<LoadBalancerIngress> Ingress(ReadOnlySpan<byte> status)
    {
        _ingress.Clear();
        WireReader outer = new(status);
        while (outer.TryReadKey(out uint outerKey))
        {
            if (outerKey != 0x0a) // loadBalancer
            {
                outer.Skip(outerKey);
                continue;
            }

            WireReader reader = new(outer.ReadBytes());
            while (reader.TryReadKey(out uint key))
            {
                if (key == 0x0a) // ingress
                {
                    BoundedList.Append(_ingress, Entry(reader.ReadBytes()));
                }
                else
                {
                    reader.Skip(key);
                }
            }
        }

        return EquatableArray.CopyOf(_ingress);
    }

    private LoadBalancerIngress Entry(ReadOnlySpan<byte> message)
    {
        string ip = "";
        string? mode = null;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // ip
                    ip = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case 0x1a: // ipMode
                    mode = pool.Get(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new LoadBalancerIngress { Ip = ip, IpMode = mode };
    }
}
