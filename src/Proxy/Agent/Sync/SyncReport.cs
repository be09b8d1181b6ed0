using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>How the sync of one family went.</summary>
internal sealed record SyncReport
{
    /// <summary>The family.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Whether everything was written.</summary>
    public required bool IsFull { get; init; }

    /// <summary>The time it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>How it ended.</summary>
    public required ApplyResult Result { get; init; }

    /// <summary>Figures of the transaction; null when there was none.</summary>
    public ApplyFigures? Figures { get; init; }

    /// <summary>The rules that were to be written.</summary>
    public required FamilyRules Rules { get; init; }

    /// <summary>The Services that were looked at; null for all.</summary>
    public required IReadOnlyCollection<NamespacedName>? Services { get; init; }

    /// <summary>When the endpoints changed that this sync takes into account; only those that changed while the agent runs.</summary>
    public required IReadOnlyList<DateTimeOffset> TriggerTimes { get; init; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> from before the changes were taken that this sync applied.</summary>
    public required long ChangesTaken { get; init; }

    /// <summary>Failures in a row, this one included; 0 after a success.</summary>
    public int Failures { get; init; }
}
