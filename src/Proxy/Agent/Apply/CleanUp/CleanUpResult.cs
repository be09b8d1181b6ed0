namespace KubeProxySharp.Proxy.Agent.Apply.CleanUp;

/// <summary>What a clean-up took away, and what it could not.</summary>
internal sealed class CleanUpResult
{
    private readonly List<string> _messages = [];
    private readonly List<string> _errors = [];

    /// <summary>Whether nothing went wrong: then nothing of ours is left.</summary>
    public bool IsClean => _errors.Count == 0;

    /// <summary>What was taken away.</summary>
    public IReadOnlyList<string> Messages => _messages;

    /// <summary>What could not be taken away, and why.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Adds something that was taken away.</summary>
    public void Done(string what) => _messages.Add(what);

    /// <summary>Adds something that went wrong.</summary>
    public void Failed(string what) => _errors.Add(what);
}
