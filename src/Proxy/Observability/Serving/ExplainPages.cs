using System.Globalization;
using System.Text;
using KubeProxySharp.RuleModel.Model;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// Answers <c>/explain?to=...&amp;from=...</c>: what the rules of this node do with a packet. One question at a time and for a limited time,
/// from snapshots: neither the sync loop nor the metrics wait for it.
/// </summary>
/// <param name="write">Writes the page.</param>
/// <param name="rules">The rules that the kernel has, of each family that has been written.</param>
/// <param name="time">The clock.</param>
internal sealed class ExplainPages(ExplainPageWriter write, Func<IReadOnlyList<FamilyRules>> rules, TimeProvider time)
{
    /// <summary>The longest question: two names of 253 characters, a port and a protocol.</summary>
    public const int LongestText = 600;

    /// <summary>How long a client waits for an answer; a usual one takes some milliseconds.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private int _isBusy;

    /// <summary>Answers a request.</summary>
    public async ValueTask AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            await Responses.WriteTextAsync(context, "405 only GET\n", StatusCodes.Status405MethodNotAllowed);
        }
        else if (context.Request.Headers["Sec-Fetch-Site"] == "cross-site")
        {
            await Responses.WriteTextAsync(context, "403 another site asks; open the page by its address\n", StatusCodes.Status403Forbidden);
        }
        else
        {
            await AnswerAsync(context, new(Text(context, "from") is { Length: > 0 } from ? from : ExplainRequest.Outside, Text(context, "to")));
        }
    }

    private static string Text(HttpContext context, string name) => context.Request.Query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues values) ? values.ToString().Trim() : "";

    private async ValueTask AnswerAsync(HttpContext context, ExplainRequest request)
    {
        if (request.From.Length > LongestText || request.To.Length > LongestText)
        {
            await Responses.WriteTextAsync(context, string.Create(CultureInfo.InvariantCulture, $"400 from and to may have {LongestText} characters\n"), StatusCodes.Status400BadRequest);
            return;
        }

        IReadOnlyList<FamilyRules> written = rules();
        if (written.Count == 0)
        {
            await UnavailableAsync(context, "no rules are written yet", seconds: 5);
            return;
        }

        if (Interlocked.CompareExchange(ref _isBusy, 1, 0) != 0)
        {
            await UnavailableAsync(context, "another question is being answered", seconds: 1);
            return;
        }

        // A thread of its own: those of the pool are for the agent. It goes on after the limit, and others are refused meanwhile.
        Task<ExplainPageAnswer> answer = Task.Factory.StartNew(() => Write(written, request), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            ExplainPageAnswer page = await answer.WaitAsync(Limit, time, context.RequestAborted);
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
            await Responses.WriteAsync(context, Encoding.UTF8.GetBytes(page.Html), "text/html; charset=utf-8", page.IsAnswered ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);
        }
        catch (TimeoutException)
        {
            await UnavailableAsync(context, string.Create(CultureInfo.InvariantCulture, $"the answer takes longer than {Limit.TotalSeconds} s"), seconds: 30);
        }
    }

    private ExplainPageAnswer Write(IReadOnlyList<FamilyRules> written, ExplainRequest request)
    {
        try
        {
            return write(written, request);
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    private static ValueTask UnavailableAsync(HttpContext context, string why, int seconds)
    {
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return Responses.WriteTextAsync(context, $"503 {why}\n", StatusCodes.Status503ServiceUnavailable);
    }
}

/// <summary>A question about a packet, as it was given; neither text is checked.</summary>
/// <param name="From">Where it comes from.</param>
/// <param name="To">Where it goes; empty if nothing was asked yet.</param>
internal sealed record ExplainRequest(string From, string To)
{
    /// <summary>A client outside of the cluster.</summary>
    public const string Outside = "outside";
}

/// <summary>A page for a question.</summary>
/// <param name="Html">The page.</param>
/// <param name="IsAnswered">Whether it has an answer; if not, it says what is wrong with the question.</param>
internal sealed record ExplainPageAnswer(string Html, bool IsAnswered);

/// <summary>Writes a page about a packet. Must not change anything, and must not throw for a wrong question.</summary>
/// <param name="rules">The rules of this node, of each family that has been written; at least one.</param>
/// <param name="request">The question.</param>
internal delegate ExplainPageAnswer ExplainPageWriter(IReadOnlyList<FamilyRules> rules, ExplainRequest request);
