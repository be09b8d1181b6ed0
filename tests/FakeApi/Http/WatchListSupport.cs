namespace KubeProxySharp.FakeApi.Http;

/// <summary>What the server makes of <c>sendInitialEvents</c> (kubernetes-wire.md 3.2).</summary>
public enum WatchListSupport
{
    /// <summary>Serves streaming lists, as servers from 1.34 on.</summary>
    On,

    /// <summary>Refuses them with 422, as servers with the gate off.</summary>
    Refused,

    /// <summary>Answers 400, as something in between that does not know the parameter.</summary>
    BadRequest,

    /// <summary>Does not know the parameter: synthetic ADDED events, and never an end marker.</summary>
    Ignored,
}
