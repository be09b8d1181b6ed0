using KubeProxySharp.Proxy.Commands.Inputs;

namespace KubeProxySharp.Proxy.Tests.Commands.Inputs;

/// <summary>Lines of a terminal that say where a listing is from.</summary>
public sealed class ShellCommandTests
{
    [Theory]
    [InlineData("root@node-a:~# iptables -t nat -S", "Rules IPv4 nat")]
    [InlineData("[root@node-a ~]# ip6tables -S", "Rules IPv6 filter")]
    [InlineData("ubuntu@ip-10-0-0-1:~$ sudo iptables-save", "Save IPv4")]
    [InlineData("$ sudo -n /usr/sbin/ip6tables-nft-save -t nat", "Save IPv6 nat")]
    [InlineData("# iptables-legacy-save", "Save IPv4")]
    [InlineData("iptables -vnL", "Columns IPv4")]
    [InlineData("iptables -t mangle -nvL INPUT", "Columns IPv4 mangle")]
    [InlineData("% ssh node-a iptables -S -t raw", "Rules IPv4 raw")]
    [InlineData("kubectl exec -n kube-system kube-proxy-x -- nft -j list ruleset", "Nft")]
    [InlineData("/ # nft list ruleset", "Nft")]
    [InlineData("iptables-save:", "Save IPv4")]
    [InlineData("PS C:\\Users\\me> ssh node-a sudo iptables-save", "Save IPv4")]
    [InlineData("$ iptables-save | grep -v '^#'", "Save IPv4")]
    [InlineData("$ sudo iptables-save > rules.txt", "Save IPv4")]
    [InlineData("$ iptables-save | grep KUBE | head -20", "Save IPv4 without | grep KUBE")]
    [InlineData("$ iptables -S FORWARD", "Rules IPv4 filter without -S FORWARD")]
    [InlineData("$ sudo ipset save > sets.txt", "Sets")]
    [InlineData("root@node-a:~# ipset list -o save", "Sets")]
    [InlineData("# ipset save | head", "Sets without | head")]
    [InlineData("+ iptables-save", "Save IPv4")]
    [InlineData("$ nft list table inet fw4", "Nft fw4")]
    [InlineData("$ nft list tables", "Nft without nft list tables")]
    [InlineData("$ nft list chains", "Nft without nft list chains")]
    [InlineData("$ nft -nt list ruleset", "Nft without nft -t")]
    [InlineData("root@node-a:~#", "")]
    [InlineData("root@node-a:~# hostname", "")]
    [InlineData("[root@node-a ~]# ", "")]
    public void PromptsAndCommandsAreRecognised(string line, string expected)
    {
        ShellCommand.TryRead(line.Trim(), out ShellCommand? command).Should().BeTrue();

        string described = command is null ? "" : $"{command.Listing} {command.Family} {command.Table}" + (command.Left.Length == 0 ? "" : $" without {command.Left}");
        string.Join(' ', described.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Should().Be(expected);
    }

    [Theory]
    [InlineData("# these are the rules of iptables -S")]
    [InlineData("# Warning: iptables-legacy tables present, use iptables-legacy-save to see them")]
    [InlineData("iptables-save v1.8.7 (nf_tables): Permission denied (you must be root)")]
    [InlineData("iptables-save: Permission denied")]
    [InlineData("+ -A FORWARD -j ACCEPT")]
    [InlineData("hello")]
    [InlineData("# IPv4: iptables rules")]
    [InlineData("iptables -t nat -A POSTROUTING -j MASQUERADE")]
    public void OtherLinesAreNot(string line) => ShellCommand.TryRead(line, out _).Should().BeFalse();
}
