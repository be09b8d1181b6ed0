namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>How much a walk of a space of packets may do. Rules that split it again and again would keep it busy for hours.</summary>
/// <param name="most">How many times a rule may be applied to packets.</param>
/// <param name="stop">Ends it at once.</param>
internal sealed class WalkEffort(long most, CancellationToken stop)
{
    private long _left = most;

    /// <summary>Notes that a rule is applied.</summary>
    /// <param name="states">To how many groups of packets.</param>
    /// <exception cref="WalkEffortException">It was too often.</exception>
    /// <exception cref="OperationCanceledException">It is to end.</exception>
    public void Spend(int states)
    {
        stop.ThrowIfCancellationRequested();
        _left -= states;
        if (_left < 0)
        {
            throw new WalkEffortException();
        }
    }
}

/// <summary>A walk did more than it may.</summary>
internal sealed class WalkEffortException() : Exception("the rules split the space of packets too often");
