using System.Collections.Concurrent;
using System.Globalization;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Answers requests.</summary>
internal sealed class RequestHandler(FakeApiServer server, Authenticator authenticator)
{
    private readonly ConcurrentDictionary<ResourceType, int> _watches = new();

    public int OpenWatches(ResourceType? type) =>
        type is null ? _watches.Values.Sum() : _watches.GetValueOrDefault(type);

    public async Task HandleAsync(HttpContext context)
    {
        if (server.Options.Intercept is { } intercept && await intercept(context))
        {
            return;
        }

        string[] path = (context.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        (ResourceType Type, string Namespace, string Name)? route = ApiRequest.Route(path);
        WireFormat? format = ContentNegotiation.Choose(context.Request.Headers.Accept.ToString(), server.Options.JsonOnly);
        ApiRequest? request = route is { } found ? new(context, found.Type, found.Namespace, found.Name, format ?? WireFormat.Json) : null;
        Record(context, request);
        Answers.SetCommonHeaders(context.Response);
        if (server.Options.Warning is { } warning)
        {
            context.Response.Headers.Warning = $"299 - \"{warning}\"";
        }

        try
        {
            await AuthoriseAsync(context, path, request, format);
        }
        catch (ApiException e)
        {
            await Answers.SendStatusAsync(context, e.Status, format ?? WireFormat.Json);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected, or a fault has dropped its connection.
        }
    }

    private async Task AuthoriseAsync(HttpContext context, string[] path, ApiRequest? request, WireFormat? format)
    {
        if (await TryAnswerWithFaultAsync(context, request))
        {
            return;
        }

        if (authenticator.Find(context) is not { } user)
        {
            // Over HTTP/2 the server sends GOAWAY with it (kubernetes-wire.md 3.5); over HTTP/1.1 the connection stays.
            if (HttpProtocol.IsHttp2(context.Request.Protocol))
            {
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            }

            throw new ApiException(ApiStatus.Unauthorized());
        }

        Answers.SetFairnessHeaders(context.Response);
        if (request is null)
        {
            await OtherAsync(context, path);
            return;
        }

        request = request with { User = user };
        if (server.Options.Authorize is { } authorize && !authorize(user, request.Verb, request.Type))
        {
            throw new ApiException(ApiStatus.Forbidden(request.Type, request.Name, request.Namespace, user, request.Verb));
        }

        if (format is null)
        {
            await Answers.SendStatusAsync(context, ApiStatus.NotAcceptable(), WireFormat.Json);
            return;
        }

        await ServeAsync(request);
    }

    private Task ServeAsync(ApiRequest request) => request.Verb switch
    {
        "get" => GetAsync(request),
        "list" => ListAsync(request),
        "watch" => WatchAsync(request),
        "create" when request.Type == ResourceType.Events && request.Namespace.Length > 0 && request.Name.Length == 0 =>
            new EventsAnswer(server, request).CreateAsync(),
        "patch" when request.Type == ResourceType.Events && request.Name.Length > 0 => new EventsAnswer(server, request).PatchAsync(),
        _ => throw new ApiException(ApiStatus.NoSuchMethod()),
    };

    private async Task GetAsync(ApiRequest request)
    {
        StoredObject item = server.Store.Read(request.Type, (table, _) => table.Objects.GetValueOrDefault(StoredObject.KeyOf(request.Namespace, request.Name)))
            ?? throw new ApiException(ApiStatus.NotFound(request.Type, request.Name));
        bool proto = request.Format == WireFormat.Protobuf;
        byte[] body = proto ? Envelope.Object(item.Type.ApiVersion, item.Type.Kind, item.Proto) : Answers.Format(request.Context, item.Json);
        await Answers.SendAsync(request.Context, proto ? ContentNegotiation.Protobuf : ContentNegotiation.Json, body);
    }

    private async Task ListAsync(ApiRequest request)
    {
        ListOptions options = ListOptions.Parse(request.Context.Request.Query, server.Options.WatchList);
        Selector selector = new(request.Type, request.Namespace, options);
        if (!await server.WaitForVersionAsync(options.Version, request.Context.RequestAborted))
        {
            throw new ApiException(ApiStatus.TooLarge(options.Version, server.Store.ResourceVersion));
        }

        bool anyAge = options.ResourceVersion == "0" && options.Match != "Exact";
        ListPage page = server.Store.Read(
            request.Type,
            (table, current) => ListPage.Choose(table, anyAge && server.Options.StaleVersion is { } stale ? stale : current, options, selector));
        IEnumerable<ReadOnlyMemory<byte>> parts = request.Format == WireFormat.Protobuf ? page.ToProto()
            : ContentNegotiation.IsMetadataList(request.Context.Request.Headers.Accept.ToString()) ? page.ToJsonMetadata()
            : page.ToJson();
        await Answers.SendListAsync(request, parts, NewBody(request));
    }

    private async Task WatchAsync(ApiRequest request)
    {
        ListOptions options = ListOptions.Parse(request.Context.Request.Query, server.Options.WatchList);
        Selector selector = new(request.Type, request.Namespace, options);
        _watches.AddOrUpdate(request.Type, 1, (_, count) => count + 1);
        try
        {
            await new WatchAnswer(server, request, options, selector, NewBody(request)).RunAsync();
        }
        finally
        {
            _watches.AddOrUpdate(request.Type, 0, (_, count) => count - 1);
        }
    }

    private AnswerBody NewBody(ApiRequest request)
    {
        CancellationToken cleared = server.Faults.Cleared; // before the fault is taken: it may be cleared at once
        return new(request.Context, server.Faults.Take<BodyFault>(request.Type), server.Time, cleared);
    }

    private static Task OtherAsync(HttpContext context, string[] path) => path switch
    {
        ["version"] => Answers.SendAsync(
            context,
            ContentNegotiation.Json,
            """
            {
              "major": "1",
              "minor": "36",
              "gitVersion": "v1.36.2",
              "platform": "linux/amd64"
            }
            """u8.ToArray()),
        ["readyz" or "livez" or "healthz", ..] => Answers.SendTextAsync(context, StatusCodes.Status200OK, "ok"),
        _ when ApiRequest.IsKnownGroup(path) => throw new ApiException(ApiStatus.NoSuchResource()),
        _ => Answers.SendTextAsync(context, StatusCodes.Status404NotFound, "404 page not found\n"),
    };

    /// <summary>Answers with a fault, if one was injected for the request.</summary>
    /// <returns>Whether a fault has replaced the answer.</returns>
    private async Task<bool> TryAnswerWithFaultAsync(HttpContext context, ApiRequest? request)
    {
        CancellationToken cleared = server.Faults.Cleared; // before the fault is taken: it may be cleared at once
        switch (server.OutageAnswer ?? server.Faults.Take<RequestFault>(request?.Type, fault => fault.Verb is null || fault.Verb == request?.Verb))
        {
            case AnswerFault answer:
                if (answer.RetryAfter is { } seconds)
                {
                    context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                }

                if (answer.Body is { } text)
                {
                    await Answers.SendTextAsync(context, answer.Code, text, answer.ContentType);
                    return true;
                }

                throw new ApiException(new(answer.Code, answer.Reason, "injected: " + answer.Reason));
            case HangFault:
                await AnswerBody.HoldAsync(server.Time, cleared, context.RequestAborted);
                context.Abort();
                return true;
            case ResetFault { Connection: true }:
                server.DropConnection(context.Connection.Id);
                return true;
            case ResetFault:
                context.Abort();
                return true;
            case GoAwayFault:
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
                return false;
            default:
                return false;
        }
    }

    private void Record(HttpContext context, ApiRequest? request) => server.Requests.Add(new RequestRecord(
        server.Requests.NextNumber(),
        server.Time.GetUtcNow(),
        context.Request.Method,
        context.Request.Path.Value ?? "",
        context.Request.QueryString.Value ?? "",
        context.Request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal),
        context.Request.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        context.Request.Protocol,
        context.Connection.Id,
        request?.Type,
        request?.Verb ?? ""));
}
