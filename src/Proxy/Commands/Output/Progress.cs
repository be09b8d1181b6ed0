namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Shows on a terminal what is being done, once it takes more than a second; writes nothing elsewhere.</summary>
internal sealed class Progress : IDisposable
{
    private const string Erase = "\r\u001b[K";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TextWriter _terminal;
    private readonly ITimer? _timer;
    private string _step = "";
    private int _dots;
    private bool _isEnded;

    /// <summary>Begins to wait.</summary>
    /// <param name="terminal">Standard error.</param>
    /// <param name="isTerminal">Whether a person sees it.</param>
    /// <param name="time">The clock.</param>
    public Progress(TextWriter terminal, bool isTerminal, TimeProvider time)
    {
        _terminal = terminal;
        _timer = isTerminal ? time.CreateTimer(_ => Show(), null, s_patience, s_patience) : null;
    }

    /// <summary>Says what is being done now.</summary>
    public void Step(string what)
    {
        lock (_gate)
        {
            _step = what;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            _isEnded = true;
            if (_dots != 0)
            {
                _terminal.Write(Erase);
            }
        }
    }

    private void Show()
    {
        lock (_gate)
        {
            if (!_isEnded)
            {
                _dots++;
                _terminal.Write($"{Erase}{_step} ... {_dots} s");
            }
        }
    }
}
