namespace KubeProxySharp.Soak;

/// <summary>What a process uses.</summary>
/// <param name="Resident">Resident memory in MB.</param>
/// <param name="Handles">Open file descriptors.</param>
/// <param name="Threads">Threads.</param>
internal sealed record Usage(double Resident, double Handles, double Threads);
