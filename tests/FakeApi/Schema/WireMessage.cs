namespace KubeProxySharp.FakeApi.Schema;

/// <summary>A message as a table: the fields in the order of JSON, and again in the order of their numbers.</summary>
internal sealed class WireMessage(params WireField[] fields)
{
    /// <summary>The fields in the order in which the server prints them as JSON.</summary>
    public IReadOnlyList<WireField> Printed { get; } = fields;

    /// <summary>The fields in the order in which the server writes them as protobuf.</summary>
    public IReadOnlyList<WireField> Numbered { get; } = [.. fields.OrderBy(field => field.Number)];

    public WireField? Find(int number)
    {
        foreach (WireField field in Numbered)
        {
            if (field.Number == number)
            {
                return field;
            }
        }

        return null;
    }
}
