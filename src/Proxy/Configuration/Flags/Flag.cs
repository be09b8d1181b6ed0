namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>A flag of the command line and its current value.</summary>
/// <param name="group">What it is about.</param>
/// <param name="name">Its name without dashes in front; words are joined by dashes.</param>
/// <param name="valueName">What the help calls its value; empty for a switch.</param>
/// <param name="description">One or two sentences for the help.</param>
internal abstract class Flag(FlagGroup group, string name, string valueName, string description)
{
    public FlagGroup Group => group;

    public string Name => name;

    public string ValueName => valueName;

    public string Description => description;

    /// <summary>The one-letter name, or null.</summary>
    public char? Shorthand { get; init; }

    /// <summary>The warning when the flag is given; null unless it is deprecated.</summary>
    public string? Deprecation { get; init; }

    /// <summary>The value of the flag when it is given without one; null when it needs a value.</summary>
    public string? ValueWhenBare { get; init; }

    /// <summary>Whether the command line had the flag.</summary>
    public bool IsGiven { get; private set; }

    /// <summary>The default, as text.</summary>
    public abstract string DefaultText { get; }

    /// <summary>The current value, as text.</summary>
    public abstract string Text { get; }

    /// <summary>How messages name the flag.</summary>
    public string Label => Shorthand is { } letter ? $"-{letter}, --{name}" : $"--{name}";

    /// <summary>Takes a value from the command line.</summary>
    /// <exception cref="FlagException">The flag cannot have this value.</exception>
    public void Set(string text)
    {
        try
        {
            SetValue(text);
        }
        catch (FlagException e)
        {
            throw new FlagException($"invalid argument {GoText.Quote(text)} for \"{Label}\" flag: {e.Message}");
        }

        IsGiven = true;
    }

    protected abstract void SetValue(string text);
}

/// <summary>A flag with a value of a type.</summary>
/// <param name="group">What it is about.</param>
/// <param name="name">Its name.</param>
/// <param name="valueName">What the help calls its value.</param>
/// <param name="description">For the help.</param>
/// <param name="byDefault">The value when the flag is not given.</param>
/// <param name="read">
/// Reads a value. Gets the value of an earlier occurrence, or null at the first one: lists go on, everything else is
/// replaced. Throws <see cref="FlagException"/> with the reason.
/// </param>
/// <param name="write">Writes a value as one would give it.</param>
internal sealed class TypedFlag<T>(
    FlagGroup group, string name, string valueName, string description, T byDefault, Func<string, T?, T> read, Func<T, string> write)
    : Flag(group, name, valueName, description)
    where T : notnull
{
    /// <summary>The value: the default until the flag is given.</summary>
    public T Value { get; private set; } = byDefault;

    public override string DefaultText { get; } = write(byDefault);

    public override string Text => write(Value);

    protected override void SetValue(string text) => Value = read(text, IsGiven ? Value : default);
}

/// <summary>What a flag is about; the help prints flags of one group together, groups in this order.</summary>
internal enum FlagGroup
{
    General,
    Cluster,
    Rules,
    LocalTraffic,
    Node,
    Listeners,
    Logging,
    Ipvs,
    Ignored,
}

/// <summary>Flags that the program must not start with.</summary>
/// <param name="message">The error, as kube-proxy words it where it has one (spec 11.7).</param>
internal sealed class FlagException(string message) : Exception(message);
