using System.Globalization;
using System.Net;
using System.Text;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>The report as a page, with the Services: no scripts, nothing from elsewhere.</summary>
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
        h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem 0; }
        form { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 .75rem 0; }
        input { font: inherit; padding: .2rem .4rem; flex: 0 1 22rem; min-width: 0; }
        button { font: inherit; }
        ul { list-style: none; margin: 0; padding: 0; }
        li { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 0 1rem; padding: .35rem 0; border-top: 1px solid #d1d9e0; overflow-wrap: anywhere; }
        li p { margin: 0; }
        nav { margin-top: 1.5rem; display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; }
        a { color: #0969da; }
        @media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { padding-bottom: 0; white-space: normal; } dd, dd.group { padding-top: 0; border-top: 0; } dt:empty { display: none; } li { grid-template-columns: minmax(0, 1fr); } }
        @media (prefers-color-scheme: dark) {
          body { background: #0d1117; color: #e6edf3; } dt { color: #9198a1; } dt.group, dd.group { border-color: #3d444d; }
          li { border-color: #3d444d; } dd.good { color: #3fb950; } dd.warning { color: #d29922; } dd.bad { color: #f85149; } a { color: #4493f8; }
        }
        """;

    /// <summary>The page.</summary>
    /// <param name="report">The state.</param>
    /// <param name="services">The Services to list, each with a link to what becomes of a packet to it; null for none.</param>
    public static string Write(StatusReport report, ServiceList? services = null)
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

        page.Append("</dl>\n");
        if (services is not null)
        {
            WriteServices(services, page);
        }

        page.Append("<nav><a href=\"/status\">status as JSON</a> <a href=\"/metrics\">metrics</a> <a href=\"/configz\">configuration</a> <a href=\"/flagz\">flags</a></nav>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void WriteServices(ServiceList services, StringBuilder page)
    {
        page.Append("<h2>Services</h2>\n<form method=\"get\" action=\"/\"><input name=\"q\" aria-label=\"Name, address or node port\" placeholder=\"name, address or node port\" maxlength=\"")
            .Append(ServiceList.LongestQuery.ToString(CultureInfo.InvariantCulture)).Append("\" value=\"").Append(WebUtility.HtmlEncode(services.Query)).Append("\"><button>Find</button></form>\n");
        page.Append("<p>").Append(WebUtility.HtmlEncode(Count(services))).Append("</p>\n<ul>\n");
        foreach (ListedService service in services.Items)
        {
            page.Append("<li><p>").Append(Link(service.Ports.Count == 0 ? $"svc:{service.Name}" : service.Ports[0].To, $"{service.Name}")).Append("</p><div>");
            foreach (ListedPort port in service.Ports)
            {
                page.Append("<p>").Append(Link(port.To, port.Text));
                if (port.NodePort != 0)
                {
                    page.Append(", ").Append(Link(port.ToNodePort, string.Create(CultureInfo.InvariantCulture, $"node port {port.NodePort}")));
                }

                page.Append(string.Create(CultureInfo.InvariantCulture, $": {port.InUse} of {port.Endpoints} endpoints in use")).Append("</p>");
            }

            page.Append(service.MorePorts == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"<p>and {service.MorePorts} more ports</p>")).Append("</div></li>\n");
        }

        page.Append("</ul>\n");
    }

    private static string Count(ServiceList services) => (services.Total, services.Query.Length) switch
    {
        (0, 0) => "No Service has rules on this node.",
        (0, _) => "No Service matches.",
        _ => string.Create(CultureInfo.InvariantCulture, $"{services.Total} {(services.Query.Length == 0 ? "have rules" : "match")}")
            + (services.More == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; the first {services.Items.Count} are listed and {services.More} are left out: search for them"))
            + ". Each link explains where a packet goes, and why.",
    };

    private static string Link(string destination, string text) =>
        $"<a href=\"/explain?to={WebUtility.HtmlEncode(Uri.EscapeDataString(destination))}\">{WebUtility.HtmlEncode(text)}</a>";
}
