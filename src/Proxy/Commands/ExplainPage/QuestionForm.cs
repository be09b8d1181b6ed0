using System.Globalization;
using System.Net;
using System.Text;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Observability.Serving;

namespace KubeProxySharp.Proxy.Commands.ExplainPage;

/// <summary>The form in which a question about a packet is asked: plain HTML, sent by GET.</summary>
internal static class QuestionForm
{
    /// <summary>Rules for style sheets.</summary>
    public const string Style =
        """
        form { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: center; margin: 0 0 1rem 0; }
        form label { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center; flex: 1 1 18rem; min-width: 0; }
        form input { font: inherit; padding: 0.2rem 0.4rem; flex: 1 1 12rem; min-width: 0; box-sizing: border-box; }
        form button { font: inherit; }
        .warning { color: #cf222e; }
        a { color: #0969da; }
        @media screen and (prefers-color-scheme: dark) { .warning { color: #f85149; } a { color: #4493f8; } }
        """;

    private const string List = "sources";

    /// <summary>The form, with a link to the page of the agent.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="pods">Addresses of pods of this node, for a choice.</param>
    public static string Html(ExplainRequest request, IReadOnlyList<string> pods)
    {
        StringBuilder html = new();
        html.Append("<p><a href=\"/\">Services and state of this node</a></p>\n<form method=\"get\" action=\"/explain\">\n");
        Field(html, "From", "from", request.From, $" list=\"{List}\"");
        Field(html, "To", "to", request.To, " placeholder=\"svc:NAMESPACE/NAME:PORT or ADDRESS:PORT/PROTOCOL\"");
        html.Append("<button>Explain</button>\n<datalist id=\"").Append(List).Append("\"><option>outside</option><option>node</option>");
        foreach (string pod in pods)
        {
            html.Append("<option>").Append(Escape(pod)).Append("</option>");
        }

        return html.Append("</datalist>\n</form>\n<p>From: <em>outside</em>, <em>node</em>, or an address, such as that of a pod.</p>\n").ToString();
    }

    /// <summary>A page without an answer.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="problem">What is wrong with the question; empty if nothing was asked.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="pods">Addresses of pods of this node, for a choice.</param>
    public static string Page(string title, string problem, ExplainRequest request, IReadOnlyList<string> pods)
    {
        using StringWriter page = new() { NewLine = "\n" };
        HtmlPage.Begin(title, Style, page);
        page.Write(problem.Length == 0 ? "" : Warning(problem));
        page.Write(Html(request, pods));
        page.Write("</body>\n</html>\n");
        return page.ToString();
    }

    /// <summary>A paragraph that stands out.</summary>
    public static string Warning(string text) => $"<p class=\"warning\">{Escape(text)}</p>\n";

    private static void Field(StringBuilder html, string label, string name, string value, string more) =>
        html.Append(CultureInfo.InvariantCulture, $"<label>{label} <input name=\"{name}\" maxlength=\"{ExplainPages.LongestText}\" value=\"{Escape(value)}\"{more}></label>\n");

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
