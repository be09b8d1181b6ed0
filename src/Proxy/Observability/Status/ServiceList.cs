using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using static System.FormattableString;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>The Services in the rules of this node that match a search, for the page of the agent.</summary>
/// <param name="Query">The search; empty for all.</param>
/// <param name="Total">How many match.</param>
/// <param name="Items">The first of them, ordered by namespace and name.</param>
internal sealed record ServiceList(string Query, int Total, IReadOnlyList<ListedService> Items)
{
    /// <summary>The most Services that are listed.</summary>
    public const int MostItems = 200;

    /// <summary>The most ports of a Service that are listed.</summary>
    public const int MostPorts = 10;

    /// <summary>The longest search, in characters: a namespace, a name and a slash.</summary>
    public const int LongestQuery = 320;

    /// <summary>How many match and are not listed.</summary>
    public int More => Total - Items.Count;

    /// <summary>Searches in rules, which other threads may replace meanwhile.</summary>
    /// <param name="query">A part of namespace/name in any case, or an address or node port of a Service; empty for all.</param>
    /// <param name="families">The rules of each family, the one that counts first.</param>
    public static ServiceList Find(string query, IReadOnlyList<FamilyRules> families)
    {
        string wanted = query.Trim();
        ServiceSearch search = new(wanted);
        List<ListedService> items = [];
        int total = 0;
        foreach (ServiceRules service in AllOf(families))
        {
            if (wanted.Length != 0 && !families.Any(rules => rules.Services.TryGetValue(service.Name, out ServiceRules? own) && search.Matches(own)))
            {
                continue;
            }

            total++;
            if (items.Count < MostItems)
            {
                items.Add(ListedService.Of(service, families.First(rules => rules.Services.GetValueOrDefault(service.Name) == service).Settings));
            }
        }

        return new(wanted, total, items);
    }

    /// <summary>Each Service once, by the first family that has it.</summary>
    private static IEnumerable<ServiceRules> AllOf(IReadOnlyList<FamilyRules> families) => families.Count switch
    {
        0 => [],
        1 => families[0].Services.Values,
        _ => families[0].Services.Values
            .Concat(families[1].Services.Where(service => !families[0].Services.ContainsKey(service.Key)).Select(static service => service.Value))
            .OrderBy(static service => service.Name),
    };

    /// <summary>What is searched for: a part of a name, or an address or node port.</summary>
    private readonly struct ServiceSearch(string wanted)
    {
        private readonly IpAddress? _address = IpAddress.TryParse(wanted, out IpAddress address) ? address : null;
        private readonly ushort? _port = ushort.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) ? port : null;

        public bool Matches(ServiceRules service)
        {
            if (service.Name.ToString().Contains(wanted, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }

            foreach (ServicePortRules port in service.Ports)
            {
                for (int index = 0; index < port.FrontendCount; index++)
                {
                    Frontend frontend = port.FrontendAt(index);
                    if (frontend.Kind == FrontendKind.NodePort ? frontend.Port == _port : frontend.Address == _address)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }
}

/// <summary>A Service of the list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ports">Its first ports.</param>
/// <param name="MorePorts">How many more it has.</param>
internal sealed record ListedService(NamespacedName Name, IReadOnlyList<ListedPort> Ports, int MorePorts)
{
    /// <summary>A Service with its ports.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="settings">The settings of the family whose rules it has.</param>
    public static ListedService Of(ServiceRules service, RuleModel.Settings.NodeSettings settings)
    {
        // An address at which node ports answer, to ask about.
        IpAddress node = settings.NodePortAddresses.MatchesAll || settings.NodePortAddresses.Addresses.IsEmpty || settings.NodePortAddresses.Addresses.AsSpan().Contains(settings.NodeIP)
            ? settings.NodeIP
            : settings.NodePortAddresses.Addresses[0];
        List<ListedPort> ports = [];
        foreach (ServicePortRules port in service.Ports.AsSpan()[..Math.Min(service.Ports.Length, ServiceList.MostPorts)])
        {
            string protocol = port.Name.Protocol.ToUpperText().ToLowerInvariant();
            ports.Add(new(
                Invariant($"{port.Name.Port} {port.Spec.Port}/{protocol}").Trim(),
                Invariant($"svc:{service.Name}:{port.Spec.Port}/{protocol}"),
                port.Spec.NodePort,
                port.Spec.NodePort == 0 ? "" : Invariant($"{new EndpointAddress(node, port.Spec.NodePort)}/{protocol}"),
                port.Endpoints.Reachable.Length,
                port.Endpoints.All.Length));
        }

        return new(service.Name, ports, service.Ports.Length - ports.Count);
    }
}

/// <summary>A port of a Service of the list.</summary>
/// <param name="Text">Name, number and protocol.</param>
/// <param name="To">The port as a destination of a question.</param>
/// <param name="NodePort">The node port; 0 if there is none.</param>
/// <param name="ToNodePort">The node port as a destination of a question; empty if there is none.</param>
/// <param name="InUse">Endpoints that packets can reach.</param>
/// <param name="Endpoints">All endpoints.</param>
internal sealed record ListedPort(string Text, string To, int NodePort, string ToNodePort, int InUse, int Endpoints);
