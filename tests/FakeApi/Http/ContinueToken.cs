using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>The position of a paged list: its version and the last key sent (kubernetes-wire.md 2.4).</summary>
/// <param name="Version">The version of the snapshot; -1 to continue with the current objects.</param>
/// <param name="LastKey">The last key sent.</param>
internal sealed record ContinueToken(long Version, string LastKey)
{
    public string Encode(bool slash = true) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(
            $$"""{"v":"meta.k8s.io/v1","rv":{{Version}},"start":"{{(slash ? "/" : "")}}{{LastKey}}\u0000"}"""));

    public static ContinueToken Decode(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Base64Url.DecodeFromChars(text));
            string start = document.RootElement.GetProperty("start").GetString() ?? "";
            return new(document.RootElement.GetProperty("rv").GetInt64(), start.Trim('/', '\0'));
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // "nonsense" decodes to a byte that is no JSON; the server quotes it, and the recordings contain this text.
            throw new ApiException(ApiStatus.BadRequest(
                "invalid continue token: continue key is not valid: invalid character '\\u009e' looking for beginning of value"));
        }
    }
}
