namespace KubeProxySharp.Soak;

/// <summary>
/// The resources of the agent during the run. Memory and handles vary with every sync and garbage collection, so medians of two
/// minutes are compared, which is longer than any disturbance.
/// </summary>
internal sealed class UsageOverTime(AgentRun agent)
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    /// <summary>The first two minutes do not count: the program still grows into its work.</summary>
    private const int Settling = 120;

    private const int Window = 120;

    private readonly List<Usage> _samples = [];

    /// <summary>Whether the run is long enough to measure growth.</summary>
    public bool IsLong => _samples.Count >= Settling + (2 * Window);

    /// <summary>After the first two minutes, or in the middle of a shorter run.</summary>
    public Usage Begin => MedianFrom(IsLong ? Settling : _samples.Count / 2);

    /// <summary>At the end.</summary>
    public Usage End => MedianFrom(Math.Max(0, _samples.Count - (IsLong ? Window : Window / 4)));

    public Task RunAsync(CancellationToken cancellationToken) => Pace.EveryAsync(
        s_period,
        () =>
        {
            if (agent.ReadUsage() is { } usage)
            {
                _samples.Add(usage);
            }

            return Task.CompletedTask;
        },
        cancellationToken);

    private Usage MedianFrom(int first)
    {
        Usage[] window = [.. _samples.Skip(first).Take(Window)];
        return new(Median(window, usage => usage.Resident), Median(window, usage => usage.Handles), Median(window, usage => usage.Threads));
    }

    private static double Median(Usage[] window, Func<Usage, double> value) =>
        window.Length == 0 ? 0 : window.Select(value).Order().ElementAt((window.Length - 1) / 2);
}

/// <summary>The resources of a process.</summary>
/// <param name="Resident">Resident memory in MB.</param>
/// <param name="Handles">Open file descriptors.</param>
/// <param name="Threads">Threads.</param>
internal sealed record Usage(double Resident, double Handles, double Threads);
