namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>
/// Parses arguments into flags by the rules of the library that kube-proxy uses (pflag): <c>--flag=value</c>,
/// <c>--flag value</c>, switches without a value, one-letter flags that may be joined, <c>_</c> for <c>-</c> in names.
/// A long flag with one dash is a series of one-letter flags, and so refused.
/// </summary>
internal sealed class FlagSet
{
    private readonly Dictionary<string, Flag> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<char, Flag> _byLetter = [];

    /// <summary>Every flag, in the order in which they were added.</summary>
    public List<Flag> All { get; } = [];

    /// <summary>The flag with a name, without dashes in front; there must be one.</summary>
    public Flag this[string name] => _byName[name];

    public T Add<T>(T flag)
        where T : Flag
    {
        _byName.Add(flag.Name, flag);
        if (flag.Shorthand is { } letter)
        {
            _byLetter.Add(letter, flag);
        }

        All.Add(flag);
        return flag;
    }

    /// <summary>Takes all arguments; a flag that is given twice has its last value.</summary>
    /// <param name="arguments">The arguments without the name of the program.</param>
    /// <param name="warn">Receives a warning for each deprecated flag that is given.</param>
    /// <returns>Arguments that are no flags.</returns>
    /// <exception cref="FlagException">A flag is unknown or has a value that it cannot have.</exception>
    public IReadOnlyList<string> Parse(IReadOnlyList<string> arguments, Action<string> warn)
    {
        Queue<string> rest = new(arguments);
        List<string> positional = [];
        while (rest.TryDequeue(out string? argument))
        {
            if (argument is "--")
            {
                positional.AddRange(rest);
                break;
            }

            if (argument.StartsWith("--", StringComparison.Ordinal))
            {
                ParseLong(argument, rest, warn);
            }
            else if (argument.Length > 1 && argument[0] == '-')
            {
                ParseLetters(argument, rest, warn);
            }
            else
            {
                positional.Add(argument);
            }
        }

        return positional;
    }

    private static void Set(Flag flag, string value, Action<string> warn)
    {
        flag.Set(value);
        if (flag.Deprecation is not null)
        {
            warn($"Flag --{flag.Name} has been deprecated, {flag.Deprecation}");
        }
    }

    private void ParseLong(string argument, Queue<string> rest, Action<string> warn)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        string name = (equals < 0 ? argument[2..] : argument[2..equals]).Replace('_', '-');
        if (name.Length == 0 || name[0] == '-')
        {
            throw new FlagException($"bad flag syntax: {argument}");
        }

        if (!_byName.TryGetValue(name, out Flag? flag))
        {
            throw new FlagException($"unknown flag: --{name}{Suggest(name)}");
        }

        string value = equals >= 0
            ? argument[(equals + 1)..]
            : flag.ValueWhenBare ?? (rest.TryDequeue(out string? next) ? next : throw new FlagException($"flag needs an argument: --{name}"));
        Set(flag, value, warn);
    }

    private void ParseLetters(string argument, Queue<string> rest, Action<string> warn)
    {
        for (int index = 1; index < argument.Length; index++)
        {
            char letter = argument[index];
            if (!_byLetter.TryGetValue(letter, out Flag? flag))
            {
                string suggestion = argument.Length > 2 ? Suggest(argument[1..].Split('=')[0].Replace('_', '-')) : "";
                throw new FlagException($"unknown shorthand flag: {GoText.Quote(letter.ToString()).Replace('"', '\'')} in {argument}{suggestion}");
            }

            string following = argument[(index + 1)..];
            if (following.Length > 1 && following[0] == '=')
            {
                Set(flag, following[1..], warn);
                return;
            }

            if (flag.ValueWhenBare is { } bare)
            {
                Set(flag, bare, warn);
                continue;
            }

            string value = following.Length > 0
                ? following
                : rest.TryDequeue(out string? next) ? next : throw new FlagException($"flag needs an argument: '{letter}' in {argument}");
            Set(flag, value, warn);
            return;
        }
    }

    /// <summary>The flag that was perhaps meant, as an addition to a message; empty when none is near.</summary>
    private string Suggest(string name)
    {
        Flag? nearest = All.MinBy(flag => EditDistance.Between(flag.Name, name));
        return nearest is not null && EditDistance.Between(nearest.Name, name) <= 2 ? $" (did you mean --{nearest.Name}?)" : "";
    }
}
