using System.Globalization;
using System.Text;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Finds the node that a field reference such as <c>spec.ports[1].port</c> names.</summary>
public static class FieldPath
{
    /// <summary>The node; if it does not exist, the last existing one of its path.</summary>
    /// <param name="root">Where the path starts.</param>
    /// <param name="path">Keys joined by dots, positions in brackets. Keys with dots in them cannot be named.</param>
    public static DocumentNode Find(DocumentNode root, string path)
    {
        DocumentNode found = root;
        foreach (string step in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            int bracket = step.IndexOf('[', StringComparison.Ordinal);
            string key = bracket < 0 ? step : step[..bracket];
            if (found.Kind != DocumentKind.Mapping || found[Encoding.UTF8.GetBytes(key)] is not { IsNull: false } child)
            {
                return found;
            }

            found = child;
            if (bracket >= 0 && found.Kind == DocumentKind.Sequence
                && int.TryParse(step.AsSpan(bracket + 1).TrimEnd(']'), CultureInfo.InvariantCulture, out int position))
            {
                found = ElementAt(found, position);
            }
        }

        return found;
    }

    private static DocumentNode ElementAt(DocumentNode list, int position)
    {
        foreach (DocumentNode element in list.Elements)
        {
            if (position-- == 0)
            {
                return element;
            }
        }

        return list;
    }
}
