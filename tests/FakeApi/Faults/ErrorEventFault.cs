namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Sends an ERROR event with a Status and ends the watch.</summary>
/// <param name="Code">The code of the Status.</param>
/// <param name="Reason">Its reason.</param>
/// <param name="Text">Its message.</param>
public sealed record ErrorEventFault(int Code, string Reason, string Text = "injected") : WatchFault;
