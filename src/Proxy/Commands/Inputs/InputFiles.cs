using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads manifests and configuration files, and reports their errors.</summary>
/// <param name="openInput">Opens standard input.</param>
/// <param name="errors">Receives messages.</param>
internal sealed class InputFiles(Func<Stream> openInput, TextWriter errors)
{
    /// <summary>Reads manifests.</summary>
    /// <param name="paths">Files, directories, or <c>-</c>.</param>
    /// <param name="isRecursive">Whether directories are read with all that is below them.</param>
    /// <param name="consequence">What happens when they have errors, for the message.</param>
    /// <param name="isBrief">Whether notes and warnings are one line for each kind of object.</param>
    /// <returns>The objects; null when the manifests have errors, which have been reported.</returns>
    public ManifestObjects? ReadManifests(IReadOnlyList<string> paths, bool isRecursive, string consequence, bool isBrief = false)
    {
        ManifestReader reader = new();
        ManifestFiles.Read(paths, isRecursive, openInput, reader);
        return Report(reader, consequence, isBrief);
    }

    /// <summary>Reports what a reader found wrong.</summary>
    /// <param name="reader">The reader, which has read everything.</param>
    /// <param name="consequence">What happens when there are errors, for the message.</param>
    /// <param name="isBrief">Whether notes and warnings are one line for each kind of object.</param>
    /// <returns>The objects; null when there are errors.</returns>
    public ManifestObjects? Report(ManifestReader reader, string consequence, bool isBrief = false)
    {
        foreach (ManifestMessage message in reader.Messages.Where(message => !isBrief || message.Severity == ManifestSeverity.Error))
        {
            errors.WriteLine(message);
        }

        if (isBrief)
        {
            WriteByKind(reader.Messages.Where(static message => message.Severity != ManifestSeverity.Error));
        }

        if (reader.ErrorCount == 0)
        {
            return reader.Objects;
        }

        errors.WriteLine($"error: the input has {(reader.ErrorCount == 1 ? "1 error" : $"{reader.ErrorCount} errors")}; {consequence}");
        return null;
    }

    /// <summary>One line for the notes, and one for the warnings, about objects of a kind: a message begins with the kind.</summary>
    private void WriteByKind(IEnumerable<ManifestMessage> messages)
    {
        foreach (ManifestMessage[] ofKind in messages.GroupBy(static message => (message.Severity, message.Text.Split(' ')[0])).Select(static kind => kind.ToArray()))
        {
            string what = ofKind[0].Severity == ManifestSeverity.Warning ? "warning" : "note";
            string others = ofKind.Length == 1 ? "" : $" (and {ofKind.Length - 1} other {what}{(ofKind.Length == 2 ? "" : "s")}; -v prints each)";
            errors.WriteLine(ofKind[0] + others);
        }
    }

    /// <summary>Reads a configuration, and checks it.</summary>
    /// <param name="path">The file; null for the defaults.</param>
    /// <param name="isStrict">Whether unknown and repeated fields are errors.</param>
    /// <exception cref="InputException">It has some, and they are.</exception>
    /// <exception cref="ConfigurationException">It is not valid.</exception>
    public KubeProxyConfiguration ReadConfiguration(string? path, bool isStrict)
    {
        LoadedConfiguration loaded = path is null ? new(new KubeProxyConfiguration(), []) : ConfigurationReader.ReadFile(path);
        foreach (string problem in loaded.OtherDocuments.Concat(loaded.StrictProblems))
        {
            errors.WriteLine($"{path}: {(isStrict ? "error" : "warning")}: {problem}{(isStrict ? "" : "; ignored")}");
        }

        if (isStrict && loaded.StrictProblems.Count != 0)
        {
            throw new InputException("the configuration has unknown or repeated fields, which --strict refuses");
        }

        ConfigurationValidator.ThrowIfInvalid(loaded.Value);
        return loaded.Value;
    }

    /// <summary>Reads the configuration of egress masquerade.</summary>
    /// <param name="path">The file, which may be missing; null if egress masquerade is off.</param>
    /// <returns>The policy; null if it is off.</returns>
    /// <exception cref="ConfigurationException">The file cannot be used.</exception>
    public EgressPolicy? ReadEgress(string? path)
    {
        if (path is null)
        {
            return null;
        }

        if (!File.Exists(path))
        {
            errors.WriteLine($"note: {path} does not exist; ip-masq-agent's defaults are used for egress masquerade");
        }

        EgressConfiguration read = EgressConfiguration.ReadFile(path);
        foreach (string warning in read.Warnings)
        {
            errors.WriteLine($"warning: {warning}");
        }

        return read.Policy;
    }
}
