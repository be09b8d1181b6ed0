namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// The files that a connection is made with. They are small and are looked at twice a second only while somebody waits to
/// try again, so that a token, certificate or authority that is replaced is used at once.
/// </summary>
/// <param name="files">The files.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ReplacedFiles(IReadOnlyList<IRereadFile> files, TimeProvider timeProvider)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits until one of them is replaced; without files until it is cancelled.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, timeProvider, cancellationToken);
        }

        // Others may wait too: whoever reads first tells all by the count.
        int known = Count();
        while (true)
        {
            foreach (IRereadFile file in files)
            {
                file.Reread();
            }

            if (Count() != known)
            {
                return;
            }

            await Task.Delay(s_interval, timeProvider, cancellationToken);
        }
    }

    private int Count() => files.Sum(static file => file.Replacements);
}
