namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>One part of the key that a set or map is looked up by.</summary>
/// <param name="Field">Where the value comes from.</param>
/// <param name="Modulus">n of <see cref="PacketField.Random"/>; 0 for the others.</param>
public readonly record struct KeyPart(PacketField Field, int Modulus = 0);
