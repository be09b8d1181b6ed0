using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Namespace, label selector and field selector of a request (kubernetes-wire.md 4).</summary>
internal sealed class Selector
{
    private readonly List<Func<StoredObject, bool>> _requirements = [];

    public Selector(ResourceType type, string @namespace, ListOptions options)
    {
        if (@namespace.Length > 0)
        {
            _requirements.Add(item => item.Namespace == @namespace);
        }

        foreach (string requirement in SplitOutsideParentheses(options.LabelSelector))
        {
            _requirements.Add(Label(requirement));
        }

        foreach (string requirement in options.FieldSelector.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            _requirements.Add(Field(type, requirement));
        }

        Selects = options.LabelSelector.Length > 0 || options.FieldSelector.Length > 0;
    }

    /// <summary>Whether there is a label or field selector: a page then does not contain the number of remaining items (kubernetes-wire.md 2.4).</summary>
    public bool Selects { get; }

    public bool Matches(StoredObject? item) => item is not null && _requirements.TrueForAll(requirement => requirement(item));

    private static Func<StoredObject, bool> Label(string requirement)
    {
        string text = requirement.Trim();
        if (text.StartsWith('!'))
        {
            string absent = text[1..].Trim();
            return item => !item.Labels.ContainsKey(absent);
        }

        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open > 0 && text.EndsWith(')'))
        {
            string[] head = text[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string[] values = text[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries);
            return head switch
            {
                [string key, "in"] => item => item.Labels.TryGetValue(key, out string? value) && values.Contains(value, StringComparer.Ordinal),
                [string key, "notin"] => item => !item.Labels.TryGetValue(key, out string? value) || !values.Contains(value, StringComparer.Ordinal),
                _ => throw Unreadable(text),
            };
        }

        if (Split(text) is { } pair)
        {
            return pair.Equal
                ? item => item.Labels.TryGetValue(pair.Key, out string? value) && value == pair.Value
                : item => !item.Labels.TryGetValue(pair.Key, out string? value) || value != pair.Value;
        }

        return text.Length == 0 || text.Contains(' ', StringComparison.Ordinal) ? throw Unreadable(text) : item => item.Labels.ContainsKey(text);
    }

    private static Func<StoredObject, bool> Field(ResourceType type, string requirement)
    {
        (string Key, string Value, bool Equal) pair = Split(requirement)
            ?? throw new ApiException(ApiStatus.BadRequest($"invalid selector: '{requirement}'; can't understand '{requirement}'"));
        int index = Array.IndexOf(type.FieldLabels, pair.Key);
        return index < 0
            ? throw new ApiException(ApiStatus.BadRequest($"field label not supported: {pair.Key}"))
            : item => (item.Fields[index] == pair.Value) == pair.Equal;
    }

    private static (string Key, string Value, bool Equal)? Split(string text)
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
        {
            return null;
        }

        bool equal = text[at - 1] != '!';
        return (text[..(equal ? at : at - 1)].Trim(), text[(at + 1)..].TrimStart('=').Trim(), equal);
    }

    private static IEnumerable<string> SplitOutsideParentheses(string text)
    {
        int start = 0;
        int depth = 0;
        for (int index = 0; index <= text.Length; index++)
        {
            char c = index < text.Length ? text[index] : ',';
            depth += c switch { '(' => 1, ')' => -1, _ => 0 };
            if (c == ',' && (depth == 0 || index == text.Length))
            {
                if (index > start)
                {
                    yield return text[start..index];
                }

                start = index + 1;
            }
        }
    }

    private static ApiException Unreadable(string text) =>
        new(ApiStatus.BadRequest($"unable to parse requirement: found '{text}', expected: identifier, '!', 'in', 'notin', '=', '==' or '!='"));
}
