using System.CommandLine;
using System.CommandLine.Parsing;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The flags that name files of saved rules.</summary>
internal sealed class RuleFlags
{
    /// <summary>Files whose family shows by their text.</summary>
    public Option<string[]> Rules { get; } = new("--rules")
    {
        Description = "Saved rules instead of this node's: of iptables-save, ip6tables-save, \"iptables -S\", \"nft list ruleset\" or \"nft -j list ruleset\", also packed by gzip; - for standard input; repeatable.",
        HelpName = "FILE",
    };

    public Option<string[]> Rules4 { get; } = new("--rules4") { Description = "The same, for rules of IPv4 that do not show their family.", HelpName = "FILE" };

    public Option<string[]> Rules6 { get; } = new("--rules6") { Description = "The same, for rules of IPv6.", HelpName = "FILE" };

    /// <summary>The ipsets that saved rules name.</summary>
    public Option<string?> Ipset { get; } = new("--ipset")
    {
        Description = "The contents of the ipsets that saved rules name: what \"ipset save\" prints. Not needed where the files of rules have it too.",
        HelpName = "FILE",
    };

    /// <summary>The files that were given.</summary>
    public IReadOnlyList<RuleFile> Read(ParseResult parsed) =>
    [
        .. (parsed.GetValue(Rules) ?? []).Select(static path => new RuleFile(path)),
        .. (parsed.GetValue(Rules4) ?? []).Select(static path => new RuleFile(path, IpFamily.IPv4)),
        .. (parsed.GetValue(Rules6) ?? []).Select(static path => new RuleFile(path, IpFamily.IPv6)),
    ];

    /// <summary>Whether one of them was given.</summary>
    public bool AreGiven(CommandResult result) => result.GetResult(Rules) is not null || result.GetResult(Rules4) is not null || result.GetResult(Rules6) is not null;

    /// <summary>Refuses sets without the rules that name them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="bundle">A support bundle, which has rules.</param>
    public void RefuseSetsAlone(Command command, Option<string?> bundle) => command.Validators.Add(result =>
    {
        if (result.GetResult(Ipset) is not null && !AreGiven(result) && result.GetResult(bundle) is null)
        {
            result.AddError("--ipset needs saved rules (--rules): those that were there when the sets were saved");
        }
    });

    /// <summary>Refuses standard input that is asked for twice.</summary>
    /// <param name="command">The command.</param>
    /// <param name="others">Its other flags that take files or standard input.</param>
    public void RefuseTwoInputs(Command command, params Option<string[]>[] others) => command.Validators.Add(result =>
    {
        int count = new[] { Rules, Rules4, Rules6 }.Concat(others).Sum(option => result.GetResult(option) is null ? 0 : (result.GetValue(option) ?? []).Count(static path => path == SavedText.StandardInput));
        if (count > 1)
        {
            result.AddError("standard input (-) can be given once");
        }
    });
}
