using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// Something read from a file, or from two that belong together, and read again when it is used after a while. What was
/// last good stays in use when the file is gone or broken (wire notes 5.4).
/// </summary>
/// <typeparam name="T">What the text is turned into. A new object appears only when the text has changed.</typeparam>
internal sealed class RereadFile<T> : IRereadFile
    where T : class
{
    private readonly Lock _gate = new();
    private readonly string _name;
    private readonly Func<string> _read;
    private readonly Func<string, T> _parse;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private string _text;
    private T _value;
    private long _readAt;
    private bool _isDoubted;
    private bool _isFailing;
    private int _replacements;

    /// <summary>Reads for the first time.</summary>
    /// <param name="name">The file, for the log.</param>
    /// <param name="read">Reads the text; throws <see cref="ConnectionException"/>.</param>
    /// <param name="parse">Understands the text; throws <see cref="ConnectionException"/>.</param>
    /// <param name="interval">How long a reading is trusted.</param>
    /// <param name="settings">The clock and the log.</param>
    /// <param name="fallback">What to use until the first reading succeeds; null to insist on it now.</param>
    /// <exception cref="ConnectionException">The first reading fails and there is no fallback.</exception>
    public RereadFile(
        string name, Func<string> read, Func<string, T> parse, TimeSpan interval, ConnectionSettings settings, T? fallback = null)
    {
        _name = name;
        _read = read;
        _parse = parse;
        _interval = interval;
        _timeProvider = settings.TimeProvider;
        _logger = settings.LoggerFactory.CreateLogger<ApiConnection>();
        _readAt = _timeProvider.GetTimestamp();
        if (fallback is null)
        {
            _text = read();
            _value = parse(_text);
            return;
        }

        _text = "";
        _value = fallback;
        Read();
    }

    /// <inheritdoc/>
    public int Replacements => Volatile.Read(ref _replacements);

    /// <summary>What the file holds now, or held when it was last good.</summary>
    public T Current()
    {
        lock (_gate)
        {
            if (_isDoubted || _timeProvider.GetElapsedTime(_readAt) >= _interval)
            {
                Read();
            }

            return _value;
        }
    }

    /// <inheritdoc/>
    public void Reread()
    {
        lock (_gate)
        {
            Read();
        }
    }

    /// <summary>Makes the next use read the file whatever the time, if this is still what it is thought to hold.</summary>
    public void Doubt(T value)
    {
        lock (_gate)
        {
            _isDoubted |= ReferenceEquals(value, _value);
        }
    }

    private void Read()
    {
        _isDoubted = false;
        _readAt = _timeProvider.GetTimestamp();
        try
        {
            string text = _read();
            if (text != _text)
            {
                _value = _parse(text);
                _text = text;
                _replacements++;
                _logger.FileReread(_name);
            }

            _isFailing = false;
        }
        catch (ConnectionException e)
        {
            if (!_isFailing)
            {
                _logger.FileKept(_name, e.Message);
            }

            _isFailing = true;
        }
    }
}

/// <summary>A file that is read again now and then, whatever it holds.</summary>
internal interface IRereadFile
{
    /// <summary>How often its content was replaced by another one that could be used.</summary>
    int Replacements { get; }

    /// <summary>Reads it now.</summary>
    void Reread();
}

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
