namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Input that a command cannot work with; the message is for the user and says what to do.</summary>
/// <param name="message">What is wrong.</param>
internal sealed class InputException(string message) : Exception(message);
