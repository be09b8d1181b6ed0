using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Where a list in pages goes on: the version it shows and the first key not yet sent (kubernetes-wire.md 2.4).</summary>
/// <param name="Version">The version of the snapshot; -1 goes on with what there is now.</param>
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
            // "nonsense" decodes to a byte that is no JSON; the server quotes it, and its text is what the recordings hold.
            throw new ApiException(ApiStatus.BadRequest(
                "invalid continue token: continue key is not valid: invalid character '\\u009e' looking for beginning of value"));
        }
    }
}
