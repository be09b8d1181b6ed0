using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Commands.Run;

/// <summary>
/// Notices that the content of the configuration file is another one (spec 11.5). It looks at the content, at intervals:
/// that works for files written in place, for files that are replaced, and for ConfigMap volumes, whose files are links
/// that are redirected. A touched file, or the same content once more, is no change.
/// </summary>
internal sealed partial class ConfigurationWatch
{
    /// <summary>The time between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>The longest configuration that is compared, in bytes; the rest of a longer file is ignored.</summary>
    private const int MaxLength = 16 * 1024 * 1024;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly byte[] _content;
    private byte[]? _candidate;
    private bool _isMissing;

    private ConfigurationWatch(string path, byte[] content, TimeProvider time)
    {
        _path = path;
        _content = content;
        _time = time;
    }

    /// <summary>Remembers the content of now.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static ConfigurationWatch Start(string path, TimeProvider time) => new(path, HashOf(path), time);

    /// <summary>Ends when the content has changed.</summary>
    /// <param name="logger">Logs that the file is missing.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task WaitForChangeAsync(ILogger<ConfigurationWatch> logger, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(Interval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (HasChanged(logger))
            {
                return;
            }
        }
    }

    /// <summary>
    /// Looks once. A change counts when two looks find the same new content: a file that is half written would only
    /// make the next start fail. A missing file is no change (a restart could not read it), but is logged.
    /// </summary>
    internal bool HasChanged(ILogger<ConfigurationWatch> logger)
    {
        byte[] found;
        try
        {
            found = HashOf(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isMissing)
            {
                LogUnreadable(logger, e, _path);
            }

            _isMissing = true;
            _candidate = null;
            return false;
        }

        _isMissing = false;
        bool isSettled = _candidate is not null && found.AsSpan().SequenceEqual(_candidate);
        bool isDifferent = !found.AsSpan().SequenceEqual(_content);
        _candidate = isDifferent ? found : null;
        return isDifferent && isSettled;
    }

    private static byte[] HashOf(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[16 * 1024];
        int total = 0;
        int length;
        while (total < MaxLength && (length = file.Read(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, length);
            total += length;
        }

        return hash.GetHashAndReset();
    }

    [LoggerMessage(EventId = 1010, Level = LogLevel.Warning, Message = "The configuration file {Path} cannot be read any more; what was read from it stays in force")]
    private static partial void LogUnreadable(ILogger logger, Exception exception, string path);
}
