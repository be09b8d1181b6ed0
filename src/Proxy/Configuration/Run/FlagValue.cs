namespace KubeProxySharp.Proxy.Configuration.Run;

/// <summary>A flag as the log and /flagz show it.</summary>
/// <param name="Name">Its name without dashes in front.</param>
/// <param name="Value">Its value; user information in URLs is left out.</param>
/// <param name="IsGiven">Whether the command line had it; otherwise the value is the default.</param>
internal sealed record FlagValue(string Name, string Value, bool IsGiven);
