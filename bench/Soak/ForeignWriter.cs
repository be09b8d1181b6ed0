using System.Diagnostics;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>Changes rules of another program five times a second: a table of nftables, and in the legacy variant a chain.</summary>
internal sealed class ForeignWriter(LabHost node, SoakOptions options, string lockFile)
{
    private const string Script = """
        while :; do
          nft add table inet foreign && echo; sleep 0.2
          nft delete table inet foreign && echo; sleep 0.2
        done
        """;

    private const string LegacyScript = """
        while :; do
          iptables-legacy -w -t mangle -N FOREIGN && echo; sleep 0.2
          iptables-legacy -w -t mangle -X FOREIGN && echo; sleep 0.2
        done
        """;

    private int _commits;

    /// <summary>Changes that it made.</summary>
    public int Commits => Volatile.Read(ref _commits);

    /// <summary>Starts it; it ends with the node.</summary>
    public void Start()
    {
        Start(Script);
        if (options.Mode == "legacy")
        {
            Start(LegacyScript);
        }
    }

    private void Start(string script)
    {
        Process process = node.Start("/bin/sh", ["-c", script], start =>
        {
            start.Environment["XTABLES_LOCKFILE"] = lockFile;
            start.RedirectStandardOutput = true;
        });
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                Interlocked.Increment(ref _commits);
            }
        };
        process.BeginOutputReadLine();
    }
}
