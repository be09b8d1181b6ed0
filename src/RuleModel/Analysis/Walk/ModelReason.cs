namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Why a packet goes the way it goes.</summary>
/// <param name="Text">In words.</param>
/// <param name="Owner">The object that says so, such as <c>Service shop/web</c>; <c>the configuration</c> for that of kube-proxy.</param>
/// <param name="Field">Its field; empty if there is none.</param>
public sealed record ModelReason(string Text, string Owner, string Field);
