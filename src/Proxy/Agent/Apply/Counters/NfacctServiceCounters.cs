using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Counters;

/// <summary>
/// The nfacct objects that count the connections of the service ports of one family (<see cref="ServiceCounters"/>): made before the
/// rules that refer to them, read at any time, and deleted by a reading when no rule needs them any more, so that their last count is
/// read. The kernel deletes none that a rule refers to. Called by the sync loop and by whoever reads, from different threads.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="network">The namespace.</param>
/// <param name="log">Where it is reported that there can be no counters.</param>
internal sealed class NfacctServiceCounters(IpFamily family, INetworkNamespace network, ILogger log) : IConnectionCounters
{
    private readonly Lock _gate = new();
    private readonly Dictionary<CounterName, Known> _counters = [];
    private readonly List<CounterName> _unneeded = []; // only used within a call
    private ulong _lastNumber;
    private bool _isFailureReported;

    /// <summary>Makes the counters that rules need; those that they do not need are deleted after the next reading.</summary>
    /// <returns>Whether all exist.</returns>
    public bool TryEnsure(FamilyRules rules)
    {
        lock (_gate)
        {
            ReleaseAll();
            List<CounterName> missing = [];
            Dictionary<CounterName, ulong> existing = [];
            return TryWith(kernel => List(kernel, existing)) && TryWith(kernel =>
            {
                foreach (ServiceRules service in rules.Services.Values)
                {
                    foreach (ServicePortRules port in service.Ports)
                    {
                        Need(port, existing, missing);
                    }
                }

                return Create(kernel, missing);
            });
        }
    }

    /// <summary>Makes the counters that changed service ports need, on top of those of the rules before.</summary>
    /// <returns>Whether all exist.</returns>
    public bool TryEnsure(FamilyChange change)
    {
        lock (_gate)
        {
            List<CounterName> missing = [];
            foreach (ServicePortChange port in change.Ports)
            {
                if (port.Old is { } old)
                {
                    Release(old);
                }

                if (port.New is { } current)
                {
                    Need(current, existing: null, missing);
                }
            }

            return missing.Count == 0 || TryWith(kernel => Create(kernel, missing));
        }
    }

    /// <summary>No rule refers to a counter.</summary>
    public void Release()
    {
        lock (_gate)
        {
            ReleaseAll();
        }
    }

    /// <inheritdoc/>
    public string? Read(List<ConnectionCount> counts)
    {
        lock (_gate)
        {
            int needed = 0;
            _unneeded.Clear();
            int error = With(kernel =>
            {
                int listed = NfacctRequests.List(kernel, (text, packets) =>
                {
                    if (!CounterName.TryParse(text, out CounterName name) || name.Family != family)
                    {
                        return;
                    }

                    ref Known counter = ref CollectionsMarshal.GetValueRefOrNullRef(_counters, name);
                    if (Unsafe.IsNullRef(ref counter))
                    {
                        _unneeded.Add(name); // of an earlier run
                        return;
                    }

                    counter.Start = packets < counter.Start ? 0 : counter.Start; // somebody set it to 0
                    counts.Add(new(counter.Port, family, GroupOf(name.Kind), FateOf(name.Kind), counter.Number, packets - counter.Start));
                    needed += counter.IsNeeded ? 1 : 0;
                    if (!counter.IsNeeded)
                    {
                        _unneeded.Add(name);
                    }
                });
                if (listed == 0)
                {
                    DeleteUnneeded(kernel);
                }

                return listed;
            });

            // A counter that the listing left out must not be taken for one that ended: all its connections would be counted again.
            int missing = _counters.Values.Count(static counter => counter.IsNeeded) - needed;
            return error != 0 ? Marshal.GetPInvokeErrorMessage(error) : missing != 0 ? FormattableString.Invariant($"{missing} nfacct counters are missing") : null;
        }
    }

    /// <summary>Deletes the counters of a family that no rule refers to, those of all Services if the rules are gone.</summary>
    /// <param name="family">The family.</param>
    /// <param name="network">The namespace.</param>
    /// <returns>How many were deleted, and how many rules still refer to.</returns>
    public static (int Deleted, int Left) DeleteAll(IpFamily family, INetworkNamespace network) => network.Run(() =>
    {
        using NetlinkConnection kernel = new(NetlinkSocket.Open());
        List<CounterName> ours = [];
        NfacctRequests.List(kernel, (text, _) =>
        {
            if (CounterName.TryParse(text, out CounterName name) && name.Family == family)
            {
                ours.Add(name);
            }
        });
        int left = ours.Count(name => !Delete(kernel, name));
        return (ours.Count - left, left);
    });

    private static bool Delete(NetlinkConnection kernel, CounterName name)
    {
        Span<byte> text = stackalloc byte[CounterName.TextLength];
        name.Format(text);
        return NfacctRequests.Delete(kernel, text) is 0 or Errno.NoEntry;
    }

    /// <summary>Makes counters that <see cref="Need"/> has noted; the kernel's answer says whether they are new.</summary>
    private int Create(NetlinkConnection kernel, List<CounterName> names)
    {
        Span<byte> text = stackalloc byte[CounterName.TextLength];
        foreach (CounterName name in names)
        {
            name.Format(text);
            int error = NfacctRequests.Create(kernel, text);
            ref Known counter = ref CollectionsMarshal.GetValueRefOrNullRef(_counters, name);
            if (error == 0)
            {
                (counter.Number, counter.Start) = (++_lastNumber, 0);
            }
            else if (error != Errno.Exists)
            {
                return error;
            }
            else if (counter.Number == 0)
            {
                (counter.Number, counter.Start) = (++_lastNumber, NfacctRequests.Read(kernel, name.ToString()) ?? 0);
            }
        }

        return 0;
    }

    private int List(NetlinkConnection kernel, Dictionary<CounterName, ulong> existing) => NfacctRequests.List(kernel, (text, packets) =>
    {
        if (CounterName.TryParse(text, out CounterName name) && name.Family == family)
        {
            existing[name] = packets;
        }
    });

    /// <summary>Notes the counters that a service port needs.</summary>
    /// <param name="port">The service port.</param>
    /// <param name="existing">The counters that the kernel has; null to trust what is known.</param>
    /// <param name="missing">Receives those that have to be made.</param>
    private void Need(ServicePortRules port, Dictionary<CounterName, ulong>? existing, List<CounterName> missing)
    {
        ChainHash hash = ChainHash.Of(port.Name);
        foreach (CounterKind kind in CounterName.Kinds)
        {
            if (!ServiceCounters.Has(port, kind))
            {
                continue;
            }

            CounterName name = new(family, kind, hash);
            ulong packets = 0;
            bool exists = existing?.TryGetValue(name, out packets) ?? _counters.ContainsKey(name);
            ref Known counter = ref CollectionsMarshal.GetValueRefOrAddDefault(_counters, name, out bool isKnown);
            if (!isKnown)
            {
                // What an earlier run counted is no part of what this one reports. A listing may lack it: then Create finds it.
                counter = new() { Port = port.Name, Number = exists ? ++_lastNumber : 0, Start = packets };
            }

            counter.IsNeeded = true;
            if (!exists)
            {
                missing.Add(name);
            }
        }
    }

    private void ReleaseAll()
    {
        foreach (CounterName name in _counters.Keys)
        {
            CollectionsMarshal.GetValueRefOrNullRef(_counters, name).IsNeeded = false;
        }
    }

    private void Release(ServicePortRules port)
    {
        ChainHash hash = ChainHash.Of(port.Name);
        foreach (CounterKind kind in CounterName.Kinds)
        {
            ref Known counter = ref CollectionsMarshal.GetValueRefOrNullRef(_counters, new CounterName(family, kind, hash));
            if (!Unsafe.IsNullRef(ref counter))
            {
                counter.IsNeeded = false;
            }
        }
    }

    /// <summary>Deletes what the last listing found without need; what rules still refer to is tried again after the next one.</summary>
    private void DeleteUnneeded(NetlinkConnection kernel)
    {
        foreach (CounterName name in _unneeded)
        {
            if (Delete(kernel, name))
            {
                _counters.Remove(name);
            }
        }
    }

    private bool TryWith(Func<NetlinkConnection, int> ask)
    {
        int error = With(ask);
        if (error == 0)
        {
            _isFailureReported = false;
            return true;
        }

        _counters.Clear();
        if (!_isFailureReported)
        {
            _isFailureReported = true;
            log.ConnectionsNotCounted(family, Marshal.GetPInvokeErrorMessage(error));
        }

        return false;
    }

    private int With(Func<NetlinkConnection, int> ask) => network.Run(() =>
    {
        using NetlinkConnection kernel = new(NetlinkSocket.Open());
        return ask(kernel);
    });

    private static TrafficPolicy GroupOf(CounterKind kind) =>
        kind is CounterKind.SentToCluster or CounterKind.RefusedOfCluster or CounterKind.SourceRangesOfCluster ? TrafficPolicy.Cluster : TrafficPolicy.Local;

    private static ConnectionFate FateOf(CounterKind kind) => kind switch
    {
        CounterKind.SentToCluster or CounterKind.SentToLocal => ConnectionFate.Sent,
        CounterKind.RefusedOfCluster or CounterKind.RefusedOfLocal => ConnectionFate.Refused,
        CounterKind.NoLocalEndpoints => ConnectionFate.NoLocalEndpoints,
        _ => ConnectionFate.SourceRanges,
    };

    private struct Known
    {
        public ServicePortName Port;
        public ulong Number; // another one when it is deleted and made again; 0 until it is known to exist
        public ulong Start; // its packets when this run found it
        public bool IsNeeded;
    }
}
