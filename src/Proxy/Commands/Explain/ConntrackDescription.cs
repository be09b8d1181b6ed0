using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The entry that a packet leaves in conntrack's table.</summary>
internal static class ConntrackDescription
{
    /// <summary>What stands for a value that the kernel chooses, or that is not known.</summary>
    public const string Open = "*";

    /// <summary>Both directions as <c>conntrack -L</c> prints them, without time-out and state; empty for a packet that does not go on.</summary>
    public static string Entry(PacketQuestion question, ExplainedPath path)
    {
        if (path.Verdict != WalkVerdict.Accept || path.IsUntracked)
        {
            return "";
        }

        string answers = path.Target is { } target ? (target.Address.IsUnspecified ? Open : target.Address.ToString()) : question.Destination.ToString();
        string answersFrom = path.TargetPorts is not null ? Open : FormattableString.Invariant($"{(path.Target is { } port ? port.Port : question.Port)}");
        string client = !path.IsMasqueraded ? question.Source.ToString() : path.MasqueradeAddress?.ToString() ?? Open;
        string clientPort = path.IsSourcePortPicked ? Open : FormattableString.Invariant($"{question.SourcePort}");
        return FormattableString.Invariant(
            $"{question.ProtocolText} {(int)question.Protocol} src={question.Source} dst={question.Destination} sport={question.SourcePort} dport={question.Port} src={answers} dst={client} sport={answersFrom} dport={clientPort}");
    }
}
