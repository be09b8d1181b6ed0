namespace KubeProxySharp.Testing;

/// <summary>
/// Sizes of tests that try many random inputs or all combinations: small in each run, and large where KPS_NIGHTLY=1 is set, as the
/// scheduled workflow does.
/// </summary>
public static class Nightly
{
    /// <summary>Whether the large sizes are wanted.</summary>
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("KPS_NIGHTLY") == "1";

    /// <summary>The size for this run.</summary>
    public static int Size(int usual, int nightly) => IsOn ? nightly : usual;
}
