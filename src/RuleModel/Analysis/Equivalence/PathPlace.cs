using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Which packets a way is for and what becomes of them; sets by numbers that are the same for the same content.</summary>
internal readonly record struct PathPlace(ProtocolSet Protocols, ConnectionKinds Kinds, int SourcePorts, int DestinationPorts, int Sources, int Rest);
