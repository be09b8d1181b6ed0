using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>The agent as a process, with its log in a file.</summary>
internal sealed class AgentRun : IDisposable
{
    private readonly Process _process;
    private readonly StreamWriter _file;
    private readonly Lock _lock = new();

    private AgentRun(Process process, string logFile)
    {
        _process = process;
        _file = new StreamWriter(logFile);
    }

    public AgentLog Log { get; } = new();

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code; null while it runs.</summary>
    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>Starts it on the node; it ends with that.</summary>
    public static AgentRun Start(LabHost node, SoakOptions options, string kubeconfig, string lockFile, string toolDirectory)
    {
        string configuration = Path.Combine(options.Work, "config.yaml");
        File.WriteAllText(configuration, $$"""
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            mode: {{(options.IsNftables ? "nftables" : "iptables")}}
            hostnameOverride: node-1
            clientConnection: {kubeconfig: {{kubeconfig}}}
            nodePortAddresses: [{{SoakNetwork.NodePortPrefix}}0.0/16]
            conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
            oomScoreAdj: 0
            logging: {verbosity: 4}
            iptables: {minSyncPeriod: 100ms}
            nftables: {minSyncPeriod: 100ms}

            """);
        string[] variant = options.IsNftables ? [] : ["--iptables-variant", options.Mode];
        Process process = node.Start(options.Program, ["run", "--config", configuration, .. variant], start =>
        {
            start.Environment["XTABLES_LOCKFILE"] = lockFile;
            start.Environment["PATH"] = $"{toolDirectory}:{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
        });
        AgentRun agent = new(process, Path.Combine(options.Work, "agent.log"));
        process.OutputDataReceived += (_, line) => agent.Note(line.Data);
        process.ErrorDataReceived += (_, line) => agent.Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return agent;
    }

    /// <summary>What it uses now; null when it has ended.</summary>
    public Usage? ReadUsage()
    {
        try
        {
            string directory = "/proc/" + _process.Id.ToString(CultureInfo.InvariantCulture);
            string[] status = File.ReadAllLines(directory + "/status");
            return new Usage(Number(status, "VmRSS:") / 1024.0, Directory.GetFileSystemEntries(directory + "/fd").Length, Number(status, "Threads:"));
        }
        catch (Exception e) when ((e is IOException or InvalidOperationException) && _process.HasExited)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _file.Dispose();
        }
    }

    private static int Number(string[] status, string field)
    {
        string line = status.First(line => line.StartsWith(field, StringComparison.Ordinal));
        return int.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        Log.Read(line);
        lock (_lock)
        {
            if (_file.BaseStream is { CanWrite: true })
            {
                _file.WriteLine(line);
            }
        }
    }
}
