using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>Logs each text of the server's <c>Warning</c> headers once (wire notes 6). Bounded.</summary>
/// <param name="logger">Receives the texts.</param>
internal sealed class SeenWarnings(ILogger logger)
{
    private const int MaxCount = 64;
    private const int MaxLength = 512;

    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);

    /// <summary>Logs what is new in an answer.</summary>
    public void Take(HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("Warning", out System.Net.Http.Headers.HeaderStringValues values))
        {
            return;
        }

        foreach (string value in values)
        {
            string text = value.Length > MaxLength ? value[..MaxLength] : value;
            lock (_texts)
            {
                if (_texts.Count == MaxCount || !_texts.Add(text))
                {
                    continue;
                }
            }

            Log.ServerWarning(logger, text);
        }
    }
}
