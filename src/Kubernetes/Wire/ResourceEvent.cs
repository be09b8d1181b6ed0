using System.Runtime.InteropServices;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>An event of a watch, or an item of a list; a list ends with a bookmark.</summary>
/// <typeparam name="T">The input type.</typeparam>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ResourceEvent<T>
    where T : class
{
    public required ResourceEventType Type { get; init; }

    /// <summary>The object's key, for all types that have an object.</summary>
    public NamespacedName Name { get; init; }

    /// <summary>The object; only for <see cref="ResourceEventType.Put"/>.</summary>
    public T? Value { get; init; }

    /// <summary>The version from which a later watch can continue; empty if the event has none.</summary>
    public string ResourceVersion { get; init; }

    /// <summary>Whether this bookmark ends the initial events of a streaming list, or a list.</summary>
    public bool EndsListing { get; init; }

    /// <summary>The token of the next page of a list; empty or null after the last.</summary>
    public string? Continue { get; init; }

    /// <summary>The error; only for <see cref="ResourceEventType.Error"/>.</summary>
    public ApiStatus? Status { get; init; }

    /// <summary>Why the object cannot be used.</summary>
    public string? Problem { get; init; }
}

/// <summary>The type of a watch event or a list item (wire notes 3.3).</summary>
internal enum ResourceEventType
{
    /// <summary>The object exists: ADDED, MODIFIED, or an item of a list.</summary>
    Put,

    /// <summary>The object was deleted or no longer matches the selectors.</summary>
    Deleted,

    /// <summary>No object, only a resource version; also the end of a list.</summary>
    Bookmark,

    /// <summary>The server ends the stream with an error.</summary>
    Error,

    /// <summary>An object that cannot be used; the reason is in <see cref="ResourceEvent{T}.Problem"/>.</summary>
    Unusable,
}
