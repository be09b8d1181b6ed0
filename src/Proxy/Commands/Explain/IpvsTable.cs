using System.Globalization;
using System.Text;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The virtual servers of IPVS, as <c>ipvsadm -Ln</c> lists them (ipvsadm(8)).</summary>
internal sealed class IpvsTable
{
    private readonly Dictionary<(IpAddress Address, TransportProtocol Protocol, ushort Port), VirtualServer> _servers = [];

    /// <summary>How many virtual servers there are.</summary>
    public int Count => _servers.Count;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, or <c>-</c>.</param>
    /// <param name="openInput">Opens standard input.</param>
    /// <exception cref="InputException">It is not such a listing.</exception>
    public static IpvsTable Read(string path, Func<Stream> openInput) =>
        Parse(Encoding.UTF8.GetString(SavedText.Read(path, openInput)), SavedText.NameOf(path));

    /// <summary>Reads a listing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">Where it is from, for messages.</param>
    /// <exception cref="InputException">It is not such a listing.</exception>
    public static IpvsTable Parse(string text, string name)
    {
        IpvsTable table = new();
        VirtualServer? server = null;
        bool hasHead = false;
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string[] words = raw.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case [] or ["IP", "Virtual", "Server", ..] or ["Prot", "LocalAddress:Port", ..] or ["->", "RemoteAddress:Port", ..]:
                    hasHead |= words.Length != 0;
                    break;
                case [var kind, var address, var scheduler, .. var flags] when TransportProtocols.TryParse(kind, out TransportProtocol protocol):
                    EndpointAddress at = AddressOf(address, name, number);
                    server = new(at, protocol, scheduler) { PersistentSeconds = SecondsOf(flags) };
                    table._servers[(at.Address, protocol, at.Port)] = server;
                    break;
                case ["FWM", ..]:
                    server = null; // kube-proxy has none of these
                    break;
                case ["->", var address, var forward, var weight, ..]:
                    server?.RealServers.Add(new(AddressOf(address, name, number), forward, int.TryParse(weight, CultureInfo.InvariantCulture, out int parsed)
                        ? parsed
                        : throw new InputException($"{name}: line {number}: \"{weight}\" is no weight; give what ipvsadm -Ln prints")));
                    break;
                default:
                    if (hasHead)
                    {
                        throw new InputException($"{name}: line {number}: \"{raw.Trim()}\" is not a line of ipvsadm -Ln");
                    }

                    break; // a prompt, or the command
            }
        }

        return hasHead || table.Count != 0 ? table : throw new InputException($"{name}: is not a listing of ipvsadm; give what \"sudo ipvsadm -Ln\" prints");
    }

    /// <summary>The virtual server that a packet is for; null if there is none.</summary>
    public VirtualServer? Find(IpAddress address, TransportProtocol protocol, ushort port) => _servers.GetValueOrDefault((address, protocol, port));

    private static EndpointAddress AddressOf(string text, string name, int number)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && IpAddress.TryParse(text[..colon].Trim('[', ']'), out IpAddress address) && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? new(address, port)
            : throw new InputException($"{name}: line {number}: \"{text}\" is no address with a port; give what ipvsadm -Ln prints, with -n");
    }

    private static int SecondsOf(string[] flags)
    {
        int persistent = Array.IndexOf(flags, "persistent");
        return persistent >= 0 && persistent + 1 < flags.Length && int.TryParse(flags[persistent + 1], CultureInfo.InvariantCulture, out int seconds) ? seconds : 0;
    }
}

/// <summary>A virtual server.</summary>
/// <param name="Address">Where it is dialled.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Scheduler">How it picks a real server, such as <c>rr</c>.</param>
internal sealed record VirtualServer(EndpointAddress Address, TransportProtocol Protocol, string Scheduler)
{
    /// <summary>For how long a client keeps its real server, in seconds; 0 if it does not.</summary>
    public int PersistentSeconds { get; init; }

    /// <summary>The real servers.</summary>
    public List<RealServer> RealServers { get; } = [];

    /// <summary>As ipvsadm lists it.</summary>
    public override string ToString() => $"{Protocol.ToUpperText()} {Address} {Scheduler}";
}

/// <summary>A real server: an endpoint.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Forward">How packets get there; kube-proxy uses <c>Masq</c>, which rewrites the destination.</param>
/// <param name="Weight">Its weight; with 0 it gets no new connections.</param>
internal readonly record struct RealServer(EndpointAddress Address, string Forward, int Weight);
