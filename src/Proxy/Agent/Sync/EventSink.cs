using KubeProxySharp.Kubernetes.Client;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Writes an Event to the API server, some time; without a server it goes nowhere, since the log has it too.</summary>
/// <param name="regarding">The object that it is about.</param>
/// <param name="kind">Normal or Warning.</param>
/// <param name="reason">Why, as one word.</param>
/// <param name="action">What was done, as one word.</param>
/// <param name="note">The story, for people.</param>
internal delegate void EventSink(ObjectReference regarding, EventKind kind, string reason, string action, string note);
