using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>What came into use and what went out of use, of things that several service ports may share.</summary>
/// <typeparam name="T">The thing.</typeparam>
/// <param name="Added">In use now and not before, ordered.</param>
/// <param name="Removed">In use before and not now, ordered.</param>
public readonly record struct UsageDelta<T>(EquatableArray<T> Added, EquatableArray<T> Removed);
