using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// A value read from a file, or from two files that belong together, and reread after an interval when it is used. The last
/// valid value stays in use when the file is missing or broken (wire notes 5.4).
/// </summary>
/// <typeparam name="T">The parsed value. A new object is made only when the text has changed.</typeparam>
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
    /// <param name="parse">Parses the text; throws <see cref="ConnectionException"/>.</param>
    /// <param name="interval">The time after which the file is reread.</param>
    /// <param name="settings">The clock and the log.</param>
    /// <param name="fallback">The value until the first successful read; null if the first read must succeed.</param>
    /// <exception cref="ConnectionException">The first read failed and there is no fallback.</exception>
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

    /// <summary>The current value, or the last valid one.</summary>
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

    /// <summary>Makes the next use reread the file, if this is still its value: the server has refused it.</summary>
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

/// <summary>A file that is reread in intervals, with a value of any type.</summary>
internal interface IRereadFile
{
    /// <summary>Number of times that the value was replaced by another valid one.</summary>
    int Replacements { get; }

    /// <summary>Reads the file now.</summary>
    void Reread();
}

/// <summary>
/// The files that a connection is made with. They are small, and are polled twice a second only during a wait for the next
/// attempt, so that a replaced token, certificate or authority is used at once.
/// </summary>
internal sealed class ReplacedFiles(IReadOnlyList<IRereadFile> files, TimeProvider timeProvider)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits until one of them is replaced. Without files it waits until it is cancelled.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, timeProvider, cancellationToken);
        }

        // Several callers may wait: the count shows each of them that another one has read a new value.
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
