using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>When a reflector goes on after the end or the failure of a request.</summary>
/// <param name="Delay">How long it waits.</param>
/// <param name="IsAsked">Whether the server asked for the delay; else a credential that is replaced ends it.</param>
/// <param name="Absence">Why the server is thought to be away, in words for people; null if it is there.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NextAttempt(TimeSpan Delay, bool IsAsked, string? Absence)
{
    /// <summary>At once.</summary>
    public static NextAttempt AtOnce => default;

    /// <summary>After a pause.</summary>
    public static NextAttempt After(TimeSpan delay) => new(delay, IsAsked: false, null);

    /// <summary>After a pause that the server asked for.</summary>
    public static NextAttempt AsAsked(TimeSpan delay) => new(delay, IsAsked: true, null);

    /// <summary>As soon as the server is there again.</summary>
    public static NextAttempt WhenReachable(string absence) => new(TimeSpan.Zero, IsAsked: false, absence);
}
