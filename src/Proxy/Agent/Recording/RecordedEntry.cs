using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>An entry of a recording; docs/replay.md has the form of each as a line of JSON.</summary>
internal abstract record RecordedEntry;

/// <summary>The first entry: what stays the same.</summary>
/// <param name="Time">When the recording began.</param>
/// <param name="Program">The version of the program.</param>
/// <param name="Mode">iptables or nftables.</param>
/// <param name="Families">The families whose rules are written.</param>
/// <param name="Settings">The settings, with the egress policy at the beginning.</param>
internal sealed record RecordedStart(DateTimeOffset Time, string Program, string Mode, EquatableArray<IpFamily> Families, ProxySettings Settings) : RecordedEntry;

/// <summary>The addresses on the interfaces of the node are others now.</summary>
/// <param name="Addresses">All of them.</param>
internal sealed record RecordedAddresses(EquatableArray<IpAddress> Addresses) : RecordedEntry;

/// <summary>The policy of egress masquerade is another now.</summary>
/// <param name="Policy">The policy; null if there is none.</param>
internal sealed record RecordedEgress(EgressPolicy? Policy) : RecordedEntry;

/// <summary>A Service came, changed or went.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Object">The Service; null if it went.</param>
internal sealed record RecordedService(NamespacedName Name, Service? Object) : RecordedEntry;

/// <summary>An EndpointSlice came, changed or went.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Object">The EndpointSlice; null if it went.</param>
internal sealed record RecordedSlice(NamespacedName Name, EndpointSlice? Object) : RecordedEntry;

/// <summary>The Node of the agent came or changed.</summary>
/// <param name="Object">The Node.</param>
internal sealed record RecordedNode(Node Object) : RecordedEntry;

/// <summary>A ServiceCIDR came, changed or went.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Object">The ServiceCIDR; null if it went.</param>
internal sealed record RecordedServiceCidr(string Name, ServiceCidr? Object) : RecordedEntry;

/// <summary>The agent left Services out of the rules, took them back in, or noted what the kernel accepted.</summary>
/// <param name="Operation">What it did.</param>
/// <param name="Services">The Services, in order; none for an operation on all of them.</param>
internal sealed record RecordedOperation(StateOperation Operation, EquatableArray<NamespacedName> Services) : RecordedEntry;

/// <summary>The rules were made of everything before this entry.</summary>
/// <param name="Number">The number of the sync, from 1.</param>
/// <param name="Time">When.</param>
/// <param name="IsFromScratch">Whether the model was built anew, after an error.</param>
/// <param name="Digests">The digests of the rules, by family; none if the recorder was behind.</param>
internal sealed record RecordedSync(int Number, DateTimeOffset Time, bool IsFromScratch, EquatableArray<RecordedDigest> Digests) : RecordedEntry;

/// <summary>The kernel refused the rules of the last sync in a family, so the next ones were made from those before.</summary>
/// <param name="Family">The family.</param>
internal sealed record RecordedUndo(IpFamily Family) : RecordedEntry;

/// <summary>The last entry of a recording that was ended properly.</summary>
/// <param name="Reason">Why it ends.</param>
internal sealed record RecordedEnd(string Reason) : RecordedEntry;

/// <summary>The digest of the rules of a family.</summary>
/// <param name="Family">The family.</param>
/// <param name="Lines">The number of lines of the text.</param>
/// <param name="Sha256">Its SHA-256, in lower-case hexadecimal.</param>
internal readonly record struct RecordedDigest(IpFamily Family, long Lines, string Sha256);
