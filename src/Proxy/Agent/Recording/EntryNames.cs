using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>The words of a recording.</summary>
internal static class EntryNames
{
    /// <summary>
    /// <c>apiVersion</c> of the entries that are not objects of Kubernetes. With it they are objects of an unknown kind to everything that
    /// reads manifests, and are skipped there.
    /// </summary>
    public const string ApiVersion = "recording.kubeproxysharp.io/v1";

    public const string Recording = "Recording";
    public const string InterfaceAddresses = "InterfaceAddresses";
    public const string EgressPolicy = "EgressPolicy";
    public const string Operation = "Operation";
    public const string Sync = "Sync";
    public const string Undo = "Undo";
    public const string End = "End";

    public const string Service = "Service";
    public const string EndpointSlice = "EndpointSlice";
    public const string Node = "Node";
    public const string ServiceCidr = "ServiceCIDR";

    public const string Put = "MODIFIED";
    public const string Delete = "DELETED";

    public const string IPv4 = "IPv4";
    public const string IPv6 = "IPv6";

    private static readonly (StateOperation Operation, string Name)[] s_operations =
    [
        (StateOperation.Quarantine, "quarantine"),
        (StateOperation.HoldBack, "holdBack"),
        (StateOperation.HoldBackInBoth, "holdBackInBoth"),
        (StateOperation.HoldBackInIPv4, "holdBackInIPv4"),
        (StateOperation.HoldBackInIPv6, "holdBackInIPv6"),
        (StateOperation.HoldBackInNone, "holdBackInNone"),
        (StateOperation.Admit, "admit"),
        (StateOperation.Touch, "touch"),
        (StateOperation.Prove, "prove"),
        (StateOperation.DoubtAll, "doubtAll"),
        (StateOperation.ReleaseAll, "releaseAll"),
    ];

    private static readonly (DetectLocalMode Mode, string Name)[] s_modes =
    [
        (DetectLocalMode.ClusterCidr, "ClusterCIDR"),
        (DetectLocalMode.NodeCidr, "NodeCIDR"),
        (DetectLocalMode.BridgeInterface, "BridgeInterface"),
        (DetectLocalMode.InterfaceNamePrefix, "InterfaceNamePrefix"),
    ];

    public static string Of(StateOperation operation) => Array.Find(s_operations, each => each.Operation == operation).Name;

    /// <summary>The operation of a name; null if there is none.</summary>
    public static StateOperation? OperationOf(string name) =>
        Array.FindIndex(s_operations, each => each.Name == name) is >= 0 and int index ? s_operations[index].Operation : null;

    public static string Of(DetectLocalMode mode) => Array.Find(s_modes, each => each.Mode == mode).Name;

    /// <summary>The mode of a name; null if there is none.</summary>
    public static DetectLocalMode? DetectLocalModeOf(string name) =>
        Array.FindIndex(s_modes, each => each.Name == name) is >= 0 and int index ? s_modes[index].Mode : null;
}
