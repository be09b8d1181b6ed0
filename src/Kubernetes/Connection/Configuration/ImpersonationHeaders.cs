using System.Text;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>The HTTP headers of user impersonation (wire notes 5.2).</summary>
internal static class ImpersonationHeaders
{
    /// <summary>Makes the headers.</summary>
    /// <param name="impersonation">The impersonated user.</param>
    /// <param name="subject">The kubeconfig, for errors.</param>
    /// <param name="user">The path of the user in it, for errors.</param>
    /// <exception cref="ConnectionException">The values cannot be sent as headers.</exception>
    public static List<KeyValuePair<string, string>> Of(Impersonation impersonation, string subject, string user)
    {
        List<KeyValuePair<string, string>> headers = [];
        if (impersonation.IsEmpty)
        {
            return headers;
        }

        if (impersonation.User.Length == 0)
        {
            throw new ConnectionException(subject, user, "impersonates a uid, groups or extra but no user; set the field as");
        }

        Add(headers, "Impersonate-User", [impersonation.User], subject, $"{user}.as");
        Add(headers, "Impersonate-Uid", impersonation.Uid.Length == 0 ? [] : [impersonation.Uid], subject, $"{user}.as-uid");
        Add(headers, "Impersonate-Group", impersonation.Groups, subject, $"{user}.as-groups");
        foreach ((string key, IReadOnlyList<string> values) in impersonation.Extra)
        {
            Add(headers, "Impersonate-Extra-" + Escape(key), values, subject, $"{user}.as-user-extra");
        }

        return headers;
    }

    private static void Add(
        List<KeyValuePair<string, string>> headers, string name, IReadOnlyList<string> values, string subject, string field)
    {
        if (values.Count > 1)
        {
            // .NET joins the values of a header with commas, and the server would take "a, b" for one group.
            throw new ConnectionException(subject, field, "holds more than one value, which this program cannot send; keep one, and bind it to all that is needed");
        }

        foreach (string value in values)
        {
            if (value.Any(char.IsControl))
            {
                throw new ConnectionException(subject, field, "holds control characters, which cannot be part of a header; remove them");
            }

            headers.Add(new(name, value));
        }
    }

    /// <summary>Escapes what cannot be part of a header's name with %XX, as client-go does.</summary>
    private static string Escape(string key)
    {
        StringBuilder escaped = new();
        foreach (byte octet in Encoding.UTF8.GetBytes(key))
        {
            bool isPlain = char.IsAsciiLetterOrDigit((char)octet) || "!#$&'*+-.^_`|~"u8.Contains(octet);
            _ = isPlain ? escaped.Append((char)octet) : escaped.Append('%').Append(octet.ToString("X2"));
        }

        return escaped.ToString();
    }
}
