namespace KubeProxySharp.FakeApi.Schema;

/// <summary>When a field is written (kubernetes-wire.md 1.5, 7.2).</summary>
internal enum Presence
{
    /// <summary>On the wire always, in JSON only when it is not zero (messages always).</summary>
    Always,

    /// <summary>In both formats always.</summary>
    Printed,

    /// <summary>In both formats only when set.</summary>
    Pointer,

    /// <summary>A list; in JSON only when it is not empty.</summary>
    Repeated,

    /// <summary>A list; in JSON <c>null</c> when it is empty.</summary>
    RepeatedPrinted,
}
