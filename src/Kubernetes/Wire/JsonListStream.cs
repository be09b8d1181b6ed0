using System.Text.Json;
using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// Reads a JSON list item by item while it arrives; only one item is in memory. It ends with a bookmark that has the
/// list's resource version. Keys may come in any order, so the kind is checked at the end.
/// </summary>
/// <param name="body">The response body; disposed with this.</param>
/// <param name="kind">The kind of the items.</param>
/// <param name="reader">Reads the items.</param>
internal sealed class JsonListStream<T>(BufferedBody body, ExpectedKind kind, JsonEventReader<T> reader) : IResourceStream<T>
    where T : class
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = DocumentLimits.MaxDepth };

    private readonly JsonObject<ResourceEvent<T>> _item = new(reader.ReadObject);
    private readonly JsonObject<ListHeader> _metadata = new(ReadMetadata);
    private JsonReaderState _state = new(s_options);
    private ListHeader _header = new("", "");
    private string _apiVersion = "";
    private string _kind = "";
    private string _key = "";
    private bool _isInItems;
    private bool _isAtEnd;
    private bool _isComplete;

    private enum Step
    {
        NeedsMore,
        Item,
        End,
    }

    /// <inheritdoc/>
    public async ValueTask<ResourceEvent<T>?> NextAsync(CancellationToken cancellationToken)
    {
        if (_isAtEnd)
        {
            return null;
        }

        while (true)
        {
            Step step = Advance(out ResourceEvent<T> item);
            if (step == Step.Item)
            {
                return item;
            }

            if (step == Step.End)
            {
                break;
            }

            if (!await body.ReadMoreAsync(cancellationToken))
            {
                throw new EndOfStreamException("the list ended before its last item");
            }
        }

        _isAtEnd = true;
        if (!kind.IsList(_apiVersion, _kind))
        {
            throw new WireException($"the server sent {_apiVersion}/{_kind} where a list of {kind} was asked for");
        }

        return new ResourceEvent<T>
        {
            Type = ResourceEventType.Bookmark,
            ResourceVersion = _header.ResourceVersion,
            Continue = _header.Continue,
            EndsListing = true,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => body.Dispose();

    private static ListHeader ReadMetadata(DocumentNode metadata) =>
        new(metadata["resourceVersion"u8].AsString(""), metadata["continue"u8].AsString(""));

    private Step Advance(out ResourceEvent<T> item)
    {
        item = default;
        try
        {
            return AdvanceTokens(out item);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new WireException("the list is not JSON: " + e.Message, e);
        }
    }

    private Step AdvanceTokens(out ResourceEvent<T> item)
    {
        item = default;
        Utf8JsonReader tokens = new(body.Bytes, isFinalBlock: false, _state);
        while (!_isComplete)
        {
            // Tokens before this one are consumed; a value that has not arrived completely is read again from its start.
            Utf8JsonReader before = tokens;
            if (!tokens.Read())
            {
                return Consume(before, Step.NeedsMore);
            }

            bool isValue = tokens.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.EndArray or JsonTokenType.EndObject);
            if (_isInItems && tokens.TokenType == JsonTokenType.StartObject)
            {
                int start = (int)tokens.TokenStartIndex;
                if (!tokens.TrySkip())
                {
                    return Consume(before, Step.NeedsMore);
                }

                item = _item.Read(body.StreamOf(start, (int)tokens.BytesConsumed - start));
                return Consume(tokens, Step.Item);
            }

            if (tokens.CurrentDepth == 1 && isValue && !ReadMember(ref tokens))
            {
                return Consume(before, Step.NeedsMore);
            }

            if (tokens.TokenType == JsonTokenType.PropertyName)
            {
                _key = tokens.GetString() ?? "";
            }
            else if (tokens.TokenType == JsonTokenType.EndArray)
            {
                _isInItems = false;
            }
            else
            {
                _isComplete = tokens.TokenType == JsonTokenType.EndObject && tokens.CurrentDepth == 0;
            }
        }

        return Consume(tokens, Step.End);
    }

    /// <summary>Reads the value of a member of the list object.</summary>
    /// <returns>False if it has not arrived completely.</returns>
    private bool ReadMember(ref Utf8JsonReader tokens)
    {
        switch (_key)
        {
            case "items" when tokens.TokenType == JsonTokenType.StartArray:
                _isInItems = true;
                return true;
            case "kind" when tokens.TokenType == JsonTokenType.String:
                _kind = tokens.GetString() ?? "";
                return true;
            case "apiVersion" when tokens.TokenType == JsonTokenType.String:
                _apiVersion = tokens.GetString() ?? "";
                return true;
            default:
                int start = (int)tokens.TokenStartIndex;
                bool isMetadata = _key == "metadata" && tokens.TokenType == JsonTokenType.StartObject;
                if (!tokens.TrySkip())
                {
                    return false;
                }

                if (isMetadata)
                {
                    _header = _metadata.Read(body.StreamOf(start, (int)tokens.BytesConsumed - start));
                }

                return true;
        }
    }

    private Step Consume(Utf8JsonReader tokens, Step step)
    {
        _state = tokens.CurrentState;
        body.Advance((int)tokens.BytesConsumed);
        return step;
    }
}
