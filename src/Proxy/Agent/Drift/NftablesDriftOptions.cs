using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>What a watch on nftables looks for.</summary>
/// <param name="Family">The family of the rules.</param>
/// <param name="Store">Where they are.</param>
/// <param name="ListenForChanges">Whether to receive messages about changes; if not, their number is read once a second, as where messages are not permitted.</param>
internal sealed record NftablesDriftOptions(IpFamily Family, RuleStore Store, bool ListenForChanges = true);
