using System.Text;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>Matches that count what they see in nfacct objects (spec 1.6, <see cref="ServiceCounters"/>).</content>
internal ref partial struct RuleWriter
{
    /// <summary>
    /// A rule without target: what comes to the chain is sent to one of its endpoints. Only the first packet of a connection passes the
    /// nat table.
    /// </summary>
    private void ConnectionCounterRule(ServicePortRules port, ChainName chain, CounterKind kind)
    {
        if (_options.HasServiceCounters)
        {
            Append(chain);
            NameComment(port.Name);
            CounterMatch(new CounterName(_rules.Family, kind, chain.Hash));
            EndRule();
        }
    }

    /// <summary>The last match of a rule, so that it counts only what the rule takes.</summary>
    private void ServiceCounter(ServicePortRules port, CounterKind kind)
    {
        if (_options.HasServiceCounters)
        {
            CounterMatch(new CounterName(_rules.Family, kind, ChainHash.Of(port.Name)));
        }
    }

    private void CounterMatch(string counter)
    {
        Span<byte> name = stackalloc byte[32];
        CounterMatch(name[..Encoding.ASCII.GetBytes(counter, name)]);
    }

    private void CounterMatch(CounterName counter)
    {
        Span<byte> name = stackalloc byte[CounterName.TextLength];
        counter.Format(name);
        CounterMatch(name);
    }

    private void CounterMatch(scoped ReadOnlySpan<byte> name)
    {
        // The second blank is printed by iptables-save.
        _text.Write(" -m nfacct --nfacct-name  "u8);
        _text.Write(name);
    }
}
