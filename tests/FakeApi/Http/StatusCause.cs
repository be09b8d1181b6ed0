namespace KubeProxySharp.FakeApi.Http;

/// <summary>One fault of a request: a reason for machines, a text, and the field.</summary>
internal sealed record StatusCause(string Reason, string Message, string Field)
{
    public static StatusCause Forbidden(string field, string detail) => new("FieldValueForbidden", "Forbidden: " + detail, field);

    public static StatusCause Required(string field, string detail) =>
        new("FieldValueRequired", detail.Length == 0 ? "Required value" : "Required value: " + detail, field);

    public static StatusCause Invalid(string field, string value, string detail) =>
        new("FieldValueInvalid", $"Invalid value: \"{value}\": {detail}", field);

    public static StatusCause NotSupported(string field, string value, params string[] supported) => new(
        "FieldValueNotSupported",
        $"Unsupported value: \"{value}\": supported values: {string.Join(", ", supported.Select(item => $"\"{item}\""))}",
        field);
}
