namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Something the server does wrong on command. See <see cref="FaultBox.Inject(Fault, Schema.ResourceType?, int)"/>.</summary>
public abstract record Fault;
