using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>Writes down what a reflector reports.</summary>
internal sealed class RecordingSink : IResourceSink<Service>
{
    private readonly List<string> _calls = [];

    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_calls)
            {
                return [.. _calls];
            }
        }
    }

    public void Put(Service value) => Add("put " + value.Name.Name);

    public void Remove(NamespacedName name) => Add("remove " + name.Name);

    public void Listed() => Add("listed");

    private void Add(string call)
    {
        lock (_calls)
        {
            _calls.Add(call);
        }
    }
}
