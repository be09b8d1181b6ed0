namespace KubeProxySharp.Proxy.Configuration.Flags;

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
