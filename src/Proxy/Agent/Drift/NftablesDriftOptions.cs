using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>What a watch on nftables looks for.</summary>
/// <param name="Family">The family of the rules.</param>
/// <param name="Store">Where they are.</param>
/// <param name="HearEvents">Whether to hear of changes; if not, their number is asked for once a second, as is done where hearing is not permitted.</param>
internal sealed record NftablesDriftOptions(IpFamily Family, RuleStore Store, bool HearEvents = true);
