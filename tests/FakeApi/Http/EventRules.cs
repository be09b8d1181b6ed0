using System.Text.Json;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Validates Events (kubernetes-wire.md 10).</summary>
internal static class EventRules
{
    /// <summary>Checks an Event that is to be stored.</summary>
    /// <exception cref="ApiException">422 with a cause for each error, 400 for another namespace than the path's.</exception>
    public static void Check(JsonElement document, string @namespace)
    {
        JsonElement metadata = document.TryGetProperty("metadata", out JsonElement given) ? given : default;
        string name = StoredObject.TextOf(metadata, "name");
        string own = StoredObject.TextOf(metadata, "namespace");
        if (own.Length > 0 && own != @namespace)
        {
            throw new ApiException(ApiStatus.BadRequest("the namespace of the provided object does not match the namespace sent on the request"));
        }

        List<StatusCause> causes = [];
        if (name.Length == 0)
        {
            causes.Add(StatusCause.Required("metadata.name", "name or generateName is required"));
        }

        JsonElement regarding = document.TryGetProperty("regarding", out JsonElement reference) ? reference : default;
        string about = StoredObject.TextOf(regarding, "namespace");
        if (about.Length == 0 ? @namespace is not ("default" or "kube-system") : about != @namespace)
        {
            causes.Add(StatusCause.Invalid("involvedObject.namespace", about, "does not match event.namespace"));
        }

        if (StoredObject.TextOf(document, "eventTime").Length == 0)
        {
            causes.Add(StatusCause.Required("eventTime", ""));
        }

        CheckText(causes, document, "reportingController", "", int.MaxValue);
        CheckText(causes, document, "reportingInstance", "", 128);
        CheckText(causes, document, "action", "", 128);
        CheckText(causes, document, "reason", "", 128);
        if (StoredObject.TextOf(document, "note").Length > 1024)
        {
            causes.Add(StatusCause.Invalid("message", "", "can have at most 1024 characters"));
        }

        string type = StoredObject.TextOf(document, "type");
        if (type is not ("Normal" or "Warning"))
        {
            causes.Add(StatusCause.Invalid("type", type, "has invalid value: " + type));
        }

        CheckSeries(causes, document);
        if (causes.Count > 0)
        {
            throw new ApiException(ApiStatus.Invalid("events.k8s.io", "Event", name, causes));
        }
    }

    private static void CheckText(List<StatusCause> causes, JsonElement document, string field, string detail, int limit)
    {
        string text = StoredObject.TextOf(document, field);
        if (text.Length == 0)
        {
            causes.Add(StatusCause.Required(field, detail));
        }
        else if (text.Length > limit)
        {
            causes.Add(StatusCause.Invalid(field, text, $"can have at most {limit} characters"));
        }
    }

    private static void CheckSeries(List<StatusCause> causes, JsonElement document)
    {
        if (document.TryGetProperty("series", out JsonElement series) && series.ValueKind == JsonValueKind.Object)
        {
            if (!series.TryGetProperty("count", out JsonElement count) || count.GetInt64() < 2)
            {
                causes.Add(StatusCause.Invalid("series.count", count.ValueKind == JsonValueKind.Undefined ? "" : count.GetRawText(), "should be at least 2"));
            }

            if (StoredObject.TextOf(series, "lastObservedTime").Length == 0)
            {
                causes.Add(StatusCause.Required("series.lastObservedTime", ""));
            }
        }
    }
}
