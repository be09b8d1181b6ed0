using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// The configuration file of ip-masq-agent (kubernetes-sigs/ip-masq-agent, cmd/ip-masq-agent/ip-masq-agent.go): YAML or JSON. Its
/// names are found in whatever case they are written, as Go does.
/// </summary>
internal sealed record EgressConfiguration
{
    /// <summary>Where ip-masq-agent has its file.</summary>
    public const string DefaultPath = "/etc/config/ip-masq-agent";

    /// <summary><c>cidrLimit</c> when the file does not say.</summary>
    private const int DefaultLimit = 64;

    /// <summary>The configuration without a file.</summary>
    public static EgressConfiguration Default { get; } = new();

    /// <summary>To which destinations pods keep their address.</summary>
    public EgressPolicy Policy { get; init; } = EgressPolicy.Default;

    /// <summary><c>resyncInterval</c>: how often the file is looked at; above zero.</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What the file has that was ignored, for people.</summary>
    public EquatableArray<string> Warnings { get; init; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The configuration; <see cref="Default"/> if there is no such file.</returns>
    /// <exception cref="ConfigurationException">It cannot be used; the message names file, line, field and remedy.</exception>
    public static EgressConfiguration ReadFile(string path)
    {
        try
        {
            return TryReadBytes(path) is { } content ? Read(content, path) : Default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>The content of the file; null if there is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static byte[]? TryReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads the content of a file.</summary>
    /// <param name="content">The content; empty means the defaults.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="ConfigurationException">It cannot be used; the message names file, line, field and remedy.</exception>
    public static EgressConfiguration Read(byte[] content, string path)
    {
        Reader reader = new(path);
        try
        {
            using MemoryStream stream = new(content);
            DocumentReader.Read(stream, reader, toleratesRepeatedKeys: true);
            return reader.Result;
        }
        catch (DocumentException e)
        {
            throw new ConfigurationException($"{path}: {e.Message}");
        }
    }

    /// <summary>Reads the document of the file over the defaults.</summary>
    private sealed class Reader(string path) : IDocumentSink
    {
        private bool _isRead;

        public EgressConfiguration Result { get; private set; } = Default;

        public bool OnItem(FlatDocument item, FlatDocument header) => false;

        public void OnDocument(FlatDocument document, bool hadItems)
        {
            DocumentNode root = document.Root;
            if (_isRead)
            {
                throw root.Wrong("is a second document; the file holds one");
            }

            _isRead = true;
            if (document.Unsupported.Count != 0)
            {
                throw document.Unsupported[0];
            }

            List<string> warnings = [];
            DocumentNode ranges = default;
            int limit = DefaultLimit;
            foreach (DocumentNode member in root.Members)
            {
                switch (member.Key.ToUpperInvariant())
                {
                    case "NONMASQUERADECIDRS":
                        Result = Result with { Policy = Result.Policy with { NonMasqueradeCidrs = Ranges(member) } };
                        ranges = member;
                        break;
                    case "CIDRLIMIT":
                        limit = member.AsInt32() ?? limit;
                        break;
                    case "MASQLINKLOCAL":
                        Result = Result with { Policy = Result.Policy with { MasqueradesLinkLocal = member.AsBoolean() ?? Result.Policy.MasqueradesLinkLocal } };
                        break;
                    case "MASQLINKLOCALIPV6":
                        Result = Result with { Policy = Result.Policy with { MasqueradesLinkLocalIPv6 = member.AsBoolean() ?? Result.Policy.MasqueradesLinkLocalIPv6 } };
                        break;
                    case "RESYNCINTERVAL":
                        Result = Result with { ResyncInterval = Interval(member) };
                        break;
                    default:
                        warnings.Add($"{path}: line {member.Line}: {member.Path} is not a field of ip-masq-agent's configuration; ignored");
                        break;
                }
            }

            if (ranges.CountElements() > limit)
            {
                throw ranges.Wrong($"has {ranges.CountElements()} ranges, and cidrLimit allows {limit}; set cidrLimit higher, or remove some");
            }

            Result = Result with { Warnings = EquatableArray.CopyOf(warnings) };
        }

        private static EquatableArray<IpPrefix> Ranges(DocumentNode list)
        {
            List<IpPrefix> prefixes = [];
            foreach (DocumentNode element in list.Elements)
            {
                prefixes.Add(Range(element));
            }

            return EquatableArray.CopyOf(prefixes);
        }

        private static IpPrefix Range(DocumentNode element)
        {
            string text = element.AsString("");
            if (!IpPrefix.TryParse(element.Text, out IpPrefix prefix))
            {
                string remedy = IpAddress.TryParse(element.Text, out IpAddress single) ? $"write \"{IpPrefix.Of(single)}\" for this one address" : "write a range such as 10.0.0.0/8 or fd00::/8";
                throw element.Wrong($"\"{text}\" is not a CIDR; {remedy}");
            }

            ReadOnlySpan<byte> address = element.Text[..element.Text.IndexOf((byte)'/')];
            return IpAddress.TryParse(address, out IpAddress written) && written == prefix.Address
                ? prefix
                : throw element.Wrong($"\"{text}\" has bits behind the length of its prefix; write \"{prefix}\" for the whole range, or \"{IpPrefix.Of(written)}\" for the one address");
        }

        private static TimeSpan Interval(DocumentNode node) =>
            GoDuration.TryParse(node.AsString(""), out TimeSpan interval) && interval > TimeSpan.Zero
                ? interval
                : throw node.Wrong($"\"{Encoding.UTF8.GetString(node.Text)}\" is not a duration above zero; write one such as 60s or 1m30s");
    }
}
