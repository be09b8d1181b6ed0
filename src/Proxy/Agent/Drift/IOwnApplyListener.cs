namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>Is notified when we change rules ourselves: one call at a time, though the applies of the two families overlap.</summary>
internal interface IOwnApplyListener
{
    /// <summary>Called before the first process of an apply is started.</summary>
    /// <param name="isFull">Whether everything is written anew.</param>
    void OwnApplyBegins(bool isFull);

    /// <summary>Called after <see cref="OwnApplyBegins"/> when so much is written anew that messages about it would be a burden.</summary>
    void OwnLargeApplyBegins()
    {
    }

    /// <summary>Called when the number of a process is known that may change rules, in an apply or not.</summary>
    void OwnProcessStarted(int process);

    /// <summary>Called after the last process of an apply has ended.</summary>
    /// <param name="isFull">As when it began.</param>
    void OwnApplyEnded(bool isFull);
}
