using System.Globalization;

namespace KubeProxySharp.FakeApiServer;

/// <summary>The command line.</summary>
internal sealed record ServerOptions
{
    public const string Usage = """
        usage: FakeApiServer [--services N] [--endpoints M] [--port P] [--node NAME] [--kubeconfig FILE]

        Serves N Services with M endpoints each (at most 128) on https://127.0.0.1:P and prints the path of a kubeconfig.
        Commands on standard input, or as the body of POST /control of the plain HTTP address it prints:
          touch K [RATE]   replace one endpoint of K Services, RATE changes per second (all at once without)
          dns ADDRESS      a UDP Service 10.96.254.53:53 with this endpoint
          stats            objects, version, open watches, requests
          down, up         stop listening and tear connections off; listen again
          away KIND        be away: refused, acceptsAndCloses, hangs, unavailable (503), tooManyRequests (429)
          save             remember objects and version
          back [HOW]       serve again; restarted: old versions are expired, restored: as at save
          quit
        """;

    public int Services { get; init; } = 1000;

    public int Endpoints { get; init; } = 10;

    public int Port { get; init; }

    public string Node { get; init; } = "node-0";

    public string Kubeconfig { get; init; } = Path.Combine(Path.GetTempPath(), $"fake-api-{Environment.ProcessId}.kubeconfig");

    /// <summary>Reads the arguments.</summary>
    /// <returns>Null when they are not understood.</returns>
    public static ServerOptions? Parse(string[] arguments)
    {
        ServerOptions options = new();
        for (int index = 0; index < arguments.Length; index += 2)
        {
            string value = index + 1 < arguments.Length ? arguments[index + 1] : "";
            ServerOptions? next = arguments[index] switch
            {
                "--services" when Number(value) is { } number => options with { Services = number },
                "--endpoints" when Number(value) is { } number and <= 128 => options with { Endpoints = number },
                "--port" when Number(value) is { } number and <= 65535 => options with { Port = number },
                "--node" when value.Length > 0 => options with { Node = value },
                "--kubeconfig" when value.Length > 0 => options with { Kubeconfig = value },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
