using System.CommandLine;
using System.CommandLine.Parsing;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.DryRun;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.CommandLine;

/// <summary>The options of <c>dry-run</c>.</summary>
internal static class DryRunCommandLine
{
    private const string Examples =
        """
        Examples:
          # the rules that node-a would have for what a cluster holds now
          kubectl get svc,endpointslices,nodes -A -o yaml | kube-proxy-sharp dry-run -f - --node node-a

          # IPv4 only, with the cluster's kube-proxy configuration
          kube-proxy-sharp dry-run -f manifests/ --config kube-proxy.conf --node node-a --family ipv4

          # the nftables rules, and what one change does to them
          kube-proxy-sharp dry-run -f all.yaml --node node-a --mode nftables | nft --check -f -
          kube-proxy-sharp dry-run -f new.yaml --diff-from all.yaml --node node-a --mode nftables

        Exit codes: 0 rules were printed; 1 the input is broken or a flag is wrong, and nothing was printed.
        """;

    public static Command Create()
    {
        Option<string[]> paths = new("--filename", "-f")
        {
            Description = "Manifests: files, directories, or - for standard input; YAML or JSON, lists and raw API answers too.",
            HelpName = "PATH",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> recursive = new("--recursive", "-R") { Description = "Read directories with all that is below them." };
        Option<string[]> diffFrom = new("--diff-from")
        {
            Description = "Older manifests: print the transaction that leads from their rules to those of -f.",
            HelpName = "PATH",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> config = new("--config") { Description = "A KubeProxyConfiguration file.", HelpName = "FILE" };
        Option<bool> strict = new("--strict") { Description = "Refuse a configuration with unknown or repeated fields instead of warning." };
        Option<string?> node = new("--node") { Description = "The node to make rules for. Default: hostnameOverride, else the only Node of the input.", HelpName = "NAME" };
        Option<IpAddress[]> addresses = new("--node-address")
        {
            Description = "An address on the node's interfaces, for nodePortAddresses; repeatable. Default: loopback and the Node's status addresses.",
            HelpName = "ADDR[/PREFIX]",
            CustomParser = ParseAddresses,
        };
        Option<string?> mode = new Option<string?>("--mode") { Description = "Default: the mode of the configuration, else iptables." }
            .AcceptOnlyFromAmong(ProxyMode.Iptables, ProxyMode.Nftables);
        Option<string> family = new Option<string>("--family") { Description = "Which rules to print.", DefaultValueFactory = _ => "all" }
            .AcceptOnlyFromAmong("ipv4", "ipv6", "all");
        Option<string?> output = new("--output", "-o") { Description = "Write to a file instead of standard output.", HelpName = "FILE" };
        Option<bool> nfacct = new("--nfacct")
        {
            Description = "Whether the kernel has nfacct counters, as kube-proxy uses them; --nfacct=false leaves them out.",
            DefaultValueFactory = _ => true,
        };
        Command command = new("dry-run", "Print the rules that a node would have: as iptables-save prints them, or as a script for nft.")
        {
            paths, recursive, diffFrom, config, strict, node, addresses, mode, family, output, nfacct,
        };
        command.SetAction(parsed =>
        {
            DryRunOptions options = new()
            {
                Paths = parsed.GetRequiredValue(paths),
                IsRecursive = parsed.GetValue(recursive),
                DiffFromPaths = parsed.GetValue(diffFrom) ?? [],
                ConfigPath = parsed.GetValue(config),
                IsStrict = parsed.GetValue(strict),
                NodeName = parsed.GetValue(node),
                NodeAddresses = parsed.GetResult(addresses) is null ? null : parsed.GetValue(addresses),
                Mode = parsed.GetValue(mode),
                Families = Families(parsed.GetRequiredValue(family)),
                OutputPath = parsed.GetValue(output),
                HasNfacct = parsed.GetValue(nfacct),
            };
            return new DryRunCommand(Console.OpenStandardInput, Console.OpenStandardOutput, Console.Error).Run(options);
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }

    internal static IReadOnlyList<IpFamily> Families(string name) => name switch
    {
        "ipv4" => [IpFamily.IPv4],
        "ipv6" => [IpFamily.IPv6],
        _ => [IpFamily.IPv4, IpFamily.IPv6],
    };

    internal static IpAddress[] ParseAddresses(ArgumentResult result)
    {
        List<IpAddress> addresses = [];
        foreach (Token token in result.Tokens)
        {
            if (InterfaceAddress.TryParse(token.Value, out IpAddress address))
            {
                addresses.Add(address);
            }
            else
            {
                result.AddError($"--node-address: \"{token.Value}\" is not an address such as 192.0.2.10/24");
            }
        }

        return [.. addresses];
    }
}
