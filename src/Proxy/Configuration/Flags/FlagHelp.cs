namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>The help of the agent: flags in groups, then examples.</summary>
internal static class FlagHelp
{
    private const int Width = 110;
    private const string Indent = "        ";

    /// <summary>The text after the flags: examples and exit codes.</summary>
    internal const string Examples =
        """
        Examples:
          # as the DaemonSet of a kubeadm cluster runs it
          kube-proxy --config=/var/lib/kube-proxy/config.conf --hostname-override=$(NODE_NAME)

          # by hand on a node, in nftables mode, with a more verbose log
          kube-proxy-sharp run --kubeconfig=/etc/kubernetes/kube-proxy.conf --proxy-mode=nftables --cluster-cidr=10.244.0.0/16 -v=2

          # without an API server: rules for the manifests of a directory
          kube-proxy-sharp run --manifests=/etc/services.d --hostname-override=node-a

          # remove all rules of kube-proxy from a node
          kube-proxy-sharp run --cleanup

        Exit codes: 0 done; 1 a wrong flag or configuration, a failed start, a changed configuration file, or a fault.
        SIGTERM and SIGINT end the program; the rules stay.
        """;

    public static void Write(TextWriter output, KubeProxyFlags flags, string program)
    {
        output.WriteLine($"{program}: a kube-proxy. Keeps the rules of this node in sync with the Services of the cluster.");
        output.WriteLine();
        output.WriteLine($"Usage: {program} [flags]");
        foreach (IGrouping<FlagGroup, Flag> group in flags.Set.All.GroupBy(flag => flag.Group).OrderBy(group => group.Key))
        {
            output.WriteLine();
            output.WriteLine(TitleOf(group.Key));
            foreach (Flag flag in group)
            {
                WriteFlag(output, flag);
            }
        }

        output.WriteLine();
        output.WriteLine(Examples);
    }

    private static string TitleOf(FlagGroup group) => group switch
    {
        FlagGroup.General => "General:",
        FlagGroup.Cluster => "Source of Services:",
        FlagGroup.Rules => "Rules:",
        FlagGroup.LocalTraffic => "Traffic of this node's pods:",
        FlagGroup.Node => "This node:",
        FlagGroup.Listeners => "Health and metrics:",
        FlagGroup.Logging => "Log:",
        FlagGroup.Ipvs => "ipvs mode (accepted for old manifests; this program does not run the mode):",
        _ => "Accepted for old manifests:",
    };

    private static void WriteFlag(TextWriter output, Flag flag)
    {
        output.Write("  " + (flag.Shorthand is { } letter && flag.Name.Length > 1 ? $"-{letter}, " : "") + NameOf(flag));
        output.Write(flag.ValueName.Length == 0 || flag.ValueWhenBare is not null ? "" : $"={flag.ValueName}");
        output.Write(flag is { ValueWhenBare: not null, ValueName.Length: > 0 } ? $"[={flag.ValueName}]" : "");
        bool hasDefault = flag.DefaultText is not ("" or "[]" or "false");
        output.WriteLine(hasDefault ? $"  (default {flag.DefaultText})" : "");
        string text = flag.Deprecation is null ? flag.Description : $"{flag.Description} Deprecated.";
        string line = Indent;
        foreach (string word in text.Split(' '))
        {
            if (line.Length + word.Length > Width)
            {
                output.WriteLine(line.TrimEnd());
                line = Indent;
            }

            line += word + " ";
        }

        output.WriteLine(line.TrimEnd());
    }

    private static string NameOf(Flag flag) => flag.Name.Length == 1 ? $"-{flag.Name}, --{flag.Name}" : $"--{flag.Name}";
}
