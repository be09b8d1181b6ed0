using System.CommandLine;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The flags by which a command makes the rules of an agent that masquerades what pods send out of the cluster.</summary>
internal sealed class EgressFlags
{
    /// <summary>Whether the agent does so.</summary>
    public Option<bool> IsOn { get; } = new("--egress-masquerade") { Description = "Make the rules of an agent that runs with --egress-masquerade." };

    /// <summary>The configuration of ip-masq-agent that it reads.</summary>
    public Option<string> Config { get; } = new("--egress-masquerade-config")
    {
        Description = "The configuration file of ip-masq-agent for it; a missing file means ip-masq-agent's defaults.",
        HelpName = "FILE",
        DefaultValueFactory = _ => EgressConfiguration.DefaultPath,
    };

    /// <summary>Adds the flags to a command, and refuses the file alone.</summary>
    public void AddTo(Command command)
    {
        command.Add(IsOn);
        command.Add(Config);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Config) is { Implicit: false } && !result.GetValue(IsOn))
            {
                result.AddError("--egress-masquerade-config needs --egress-masquerade");
            }
        });
    }

    /// <summary>The options with what was given.</summary>
    /// <typeparam name="T">The options of the command.</typeparam>
    public T Read<T>(ParseResult parsed, T options)
        where T : ClusterOptions => options with { EgressPath = parsed.GetValue(IsOn) ? parsed.GetValue(Config) : null };
}
