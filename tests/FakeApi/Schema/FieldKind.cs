namespace KubeProxySharp.FakeApi.Schema;

/// <summary>What a field holds and so how it is written (kubernetes-wire.md 1.5, 1.7).</summary>
internal enum FieldKind
{
    Text,
    Number,
    Flag,
    Message,

    /// <summary>A map of strings, in both formats sorted by key.</summary>
    TextMap,

    /// <summary>A map of quantities, which are strings in JSON and messages of one string on the wire.</summary>
    QuantityMap,

    /// <summary>Whole seconds; an unset time is an empty message.</summary>
    Time,

    /// <summary>Microseconds, in JSON with exactly six digits.</summary>
    MicroTime,

    /// <summary>IntOrString: all three fields are always written.</summary>
    NumberOrText,

    /// <summary>A JSON document carried as bytes (fieldsV1).</summary>
    RawJson,
}
