using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Testing.Lab;

/// <summary>The real program on the node under test, fed from a directory of manifests or by an API server.</summary>
public sealed partial class LabAgent : IDisposable
{
    private const int Term = 15; // SIGTERM

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    private readonly LabHost _node;
    private readonly string _work = Directory.CreateTempSubdirectory("kps-lab-").FullName;
    private readonly List<string> _log = [];
    private Process? _process;

    /// <summary>Prepares an agent; nothing runs yet.</summary>
    /// <param name="node">Where it runs.</param>
    /// <param name="configuration">The KubeProxyConfiguration, in YAML, without its heading.</param>
    public LabAgent(LabHost node, string configuration = "")
    {
        _node = node;
        Directory.CreateDirectory(Manifests);
        Configuration = configuration;
    }

    /// <summary>The directory that it reads.</summary>
    public string Manifests => Path.Combine(_work, "manifests");

    /// <summary>The KubeProxyConfiguration of the next start, in YAML, without its heading.</summary>
    public string Configuration { get; set; }

    /// <summary>Where the next start finds an API server; null if it reads <see cref="Manifests"/>.</summary>
    public string? Kubeconfig { get; set; }

    /// <summary>More flags of the next start.</summary>
    public IReadOnlyList<string> Flags { get; set; } = [];

    /// <summary>The log so far, of all its runs.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Puts a manifest in place, or replaces it, at once.</summary>
    public void Put(string name, string yaml)
    {
        string draft = Path.Combine(_work, name);
        File.WriteAllText(draft, yaml);
        File.Move(draft, Path.Combine(Manifests, name), overwrite: true);
    }

    /// <summary>Puts a manifest in place and waits until the rules follow.</summary>
    public void Apply(string name, string yaml)
    {
        int mark = Mark();
        Put(name, yaml);
        // The order of the lines is not defined: the rules may be applied before the reader has logged the manifests.
        WaitFor(mark, "] \"Read manifests");
        WaitFor(mark, "] \"Synced IPv4 rules");
        WaitFor(mark, "] \"Synced IPv6 rules");
    }

    /// <summary>Starts the program and waits until both families have their rules.</summary>
    public void Start(string mode, string variant = "auto")
    {
        string configuration = Path.Combine(_work, "config.yaml");
        File.WriteAllText(configuration, $"""
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            mode: {mode}
            hostnameOverride: node-a
            conntrack: {"{maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}"}
            oomScoreAdj: 0
            logging: {"{verbosity: 2}"}
            {(Kubeconfig is null ? "" : $"clientConnection: {{kubeconfig: {Kubeconfig}}}")}
            {Configuration}
            """);
        string[] source = Kubeconfig is null ? ["--manifests", Manifests] : [];
        int mark = Mark();
        _process = _node.Start(ProgramUnderTest.Path, ["run", "--config", configuration, .. source, "--iptables-variant", variant, .. Flags], start =>
        {
            start.RedirectStandardError = true;
            start.RedirectStandardOutput = true;
        });
        Process process = _process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        WaitFor(mark, "] \"Synced IPv4 rules (full)");
        WaitFor(mark, "] \"Synced IPv6 rules (full)");
    }

    /// <summary>Ends it by SIGTERM, as a node does, and waits for the end.</summary>
    public void Stop()
    {
        _ = SendSignal(_process!.Id, Term);
        _process.WaitForExit();
        _process = null;
    }

    /// <summary>Ends it by SIGKILL.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process = null;
    }

    /// <summary>Waits until the log holds a text, and gives the number of its line.</summary>
    /// <param name="from">The first line to look at, see <see cref="Mark"/>.</param>
    /// <param name="text">What must be said.</param>
    public int WaitFor(int from, string text)
    {
        int found = -1;
        bool isSaid = SpinWait.SpinUntil(
            () =>
            {
                lock (_log)
                {
                    found = _log.FindIndex(Math.Min(from, _log.Count), line => line.Contains(text, StringComparison.Ordinal));
                }

                return found >= 0 || _process is { HasExited: true };
            },
            s_patience);
        return isSaid && found >= 0 ? found : throw new InvalidOperationException($"the agent did not say '{text}':\n{Log}");
    }

    /// <summary>Number of the next line of the log.</summary>
    public int Mark()
    {
        lock (_log)
        {
            return _log.Count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }

        Directory.Delete(_work, recursive: true);
    }

    private void Add(string? line)
    {
        // Every start logs all flags, which are not of interest here.
        if (line is not null && !line.Contains("\"FLAG: ", StringComparison.Ordinal))
        {
            lock (_log)
            {
                _log.Add(line);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
