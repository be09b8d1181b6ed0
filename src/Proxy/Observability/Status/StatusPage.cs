using System.Net;
using System.Text;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>The report as a page: no scripts, nothing from elsewhere.</summary>
internal static class StatusPage
{
    private const string Style =
        """
        body { font-family: system-ui, sans-serif; line-height: 1.45; margin: 0 auto; max-width: 75rem; padding: 1.5rem 1rem; background: #ffffff; color: #1f2328; }
        h1 { font-size: 1.3rem; margin: 0 0 1rem 0; display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; overflow-wrap: anywhere; }
        .state { font-size: .95rem; padding: .15rem .7rem; border-radius: 1rem; color: #ffffff; background: #1a7f37; }
        .state.bad { background: #cf222e; }
        dl { display: grid; grid-template-columns: 9rem 1fr; margin: 0; }
        dt, dd { margin: 0; padding: .35rem 0; overflow-wrap: anywhere; }
        dt { color: #59636e; white-space: pre; }
        dt.group, dd.group { border-top: 1px solid #d1d9e0; }
        dt.group { color: inherit; font-weight: 600; }
        dd.good { color: #1a7f37; }
        dd.warning { color: #9a6700; }
        dd.bad { color: #cf222e; }
        nav { margin-top: 1.5rem; display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; }
        a { color: #0969da; }
        @media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { padding-bottom: 0; white-space: normal; } dd, dd.group { padding-top: 0; border-top: 0; } dt:empty { display: none; } }
        @media (prefers-color-scheme: dark) {
          body { background: #0d1117; color: #e6edf3; } dt { color: #9198a1; } dt.group, dd.group { border-color: #3d444d; }
          dd.good { color: #3fb950; } dd.warning { color: #d29922; } dd.bad { color: #f85149; } a { color: #4493f8; }
        }
        """;

    /// <summary>The page.</summary>
    public static string Write(StatusReport report)
    {
        StatusLine summary = StatusLines.Summary(report);
        string node = WebUtility.HtmlEncode(report.Agent.Node);
        StringBuilder page = new();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append("<meta name=\"color-scheme\" content=\"light dark\">\n<title>").Append(node).Append(" · kube-proxy-sharp</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n");
        page.Append("<h1>").Append(node).Append(" <span class=\"state").Append(summary.Kind == StatusKind.Good ? "" : " bad").Append("\">").Append(WebUtility.HtmlEncode(summary.Text)).Append("</span></h1>\n<dl>\n");
        foreach (StatusLine line in StatusLines.Of(report))
        {
            bool isGroup = line.Label.Length != 0 && line.Label[0] != ' ';
            string kind = line.Kind == StatusKind.Plain ? "" : $" {line.Kind}".ToLowerInvariant();
            page.Append("<dt").Append(isGroup ? " class=\"group\"" : "").Append('>').Append(WebUtility.HtmlEncode(line.Label)).Append("</dt>");
            page.Append("<dd class=\"").Append(isGroup ? "group" : "").Append(kind).Append("\">").Append(WebUtility.HtmlEncode(line.Text)).Append("</dd>\n");
        }

        page.Append("</dl>\n<nav><a href=\"/status\">status as JSON</a> <a href=\"/metrics\">metrics</a> <a href=\"/configz\">configuration</a> <a href=\"/flagz\">flags</a></nav>\n</body>\n</html>\n");
        return page.ToString();
    }
}
