using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands.Bundle.Collect;

/// <summary>What is collected for a bundle, and what could not be.</summary>
/// <param name="runner">Runs the tools.</param>
internal sealed class Collection(ProcessRunner runner)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly Dictionary<BundlePart, byte[]> _files = [];
    private readonly Dictionary<BundlePart, string> _sources = [];
    private readonly List<(BundlePart Part, string Reason)> _missing = [];
    private readonly List<MissingPart> _remarks = [];

    /// <summary>Versions by name of the program.</summary>
    public SortedDictionary<string, string> Versions { get; } = new(StringComparer.Ordinal);

    /// <summary>The name of the node; empty as long as it is not known.</summary>
    public string Node { get; set; } = "";

    /// <summary>The mode; empty as long as it is not known.</summary>
    public string Mode { get; set; } = "";

    /// <summary>A file; null if there is none so far.</summary>
    public byte[]? this[BundlePart part] => _files.GetValueOrDefault(part);

    /// <summary>Adds a file, unless it is longer than it may be.</summary>
    /// <param name="part">The file.</param>
    /// <param name="content">Its content.</param>
    /// <param name="source">Where it is from.</param>
    public void Add(BundlePart part, byte[] content, string source)
    {
        if (content.Length > part.MostBytes)
        {
            Miss(part, $"{source} gives more than {part.MostBytes >> 20} MB");
            return;
        }

        _files[part] = content;
        _sources[part] = source;
    }

    /// <summary>Notes why a file is not there; forgotten if it is added from elsewhere.</summary>
    public void Miss(BundlePart part, string reason) => _missing.Add((part, reason.ReplaceLineEndings(" ").Trim()));

    /// <summary>Notes what is wrong with a file that is there.</summary>
    public void Remark(BundlePart part, string remark) => _remarks.Add(new(part.Name, remark));

    /// <summary>Adds what a tool prints, or notes why it prints nothing.</summary>
    /// <param name="part">The file.</param>
    /// <param name="emptyReason">What it means when the tool prints nothing.</param>
    /// <param name="calls">The calls, whose outputs follow one another.</param>
    /// <param name="stop">Ends it.</param>
    public async Task AddOutputAsync(BundlePart part, string emptyReason, ToolCall[] calls, CancellationToken stop)
    {
        using BoundedBuffer output = new(part.MostBytes);
        foreach (ToolCall call in calls)
        {
            ProcessResult result = await runner.RunAsync(call with { Limit = s_limit, Output = output }, stop);
            if (!result.IsSuccess)
            {
                Miss(part, result.Describe(call.Tool));
                return;
            }
        }

        if (output.IsFull)
        {
            Miss(part, $"{calls[0].Tool} lists more than {part.MostBytes >> 20} MB");
        }
        else if (output.Length == 0)
        {
            Miss(part, emptyReason);
        }
        else
        {
            Add(part, output.ToArray(), string.Join("; ", calls.Select(static call => string.Join(' ', call.Arguments.Prepend(call.Tool)))));
        }
    }

    /// <summary>The first line that a tool prints; null if it cannot be run.</summary>
    public async Task<string?> FirstLineAsync(ToolCall call, CancellationToken stop)
    {
        ProcessResult result = await runner.RunAsync(call with { Limit = s_limit }, stop);
        return result.IsSuccess ? result.Output.Split('\n')[0].Trim() : null;
    }

    /// <summary>The bundle.</summary>
    public BundleContents Finish(DateTimeOffset time, bool hadNetAdmin) => new(
        new()
        {
            Time = time,
            Node = Node,
            Mode = Mode,
            HadNetAdmin = hadNetAdmin,
            Versions = Versions,
            Collected = [.. BundlePart.All.Where(_files.ContainsKey).Select(part => new CollectedPart(part.Name, _files[part].Length, _sources[part]))],
            Missing = [.. _missing.Where(missing => !_files.ContainsKey(missing.Part)).Select(static missing => new MissingPart(missing.Part.Name, missing.Reason)), .. _remarks],
        },
        _files);

    /// <summary>Keeps no more than a number of bytes; the tool that writes is not disturbed.</summary>
    private sealed class BoundedBuffer(int mostBytes) : MemoryStream
    {
        public bool IsFull { get; private set; }

        // All other ways to write of a derived MemoryStream come down to this one.
        public override void Write(byte[] buffer, int offset, int count)
        {
            IsFull |= Length + count > mostBytes;
            if (!IsFull)
            {
                base.Write(buffer, offset, count);
            }
        }
    }
}
