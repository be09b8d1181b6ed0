using KubeProxySharp.Testing;

namespace KubeProxySharp.Soak;

/// <summary>
/// The tool that writes rules, in a directory of PATH of its own: usually a link to the real one; on demand a script that
/// makes the kernel refuse what names one address.
/// </summary>
internal sealed class RefusingTool
{
    private readonly string _link;
    private readonly string _real;
    private readonly string _script;

    public RefusingTool(SoakOptions options, string address)
    {
        string tool = options.IsNftables ? "nft" : $"iptables-{options.Mode}-restore";
        Directory = System.IO.Directory.CreateDirectory(Path.Combine(options.Work, "bin")).FullName;
        _real = "/usr/sbin/" + tool;
        _link = Path.Combine(Directory, tool);
        _script = Path.Combine(options.Work, tool + ".sh");
        string poisoned = options.IsNftables
            ? """
              file=
              for word; do [ "$last" = -f ] && file=$word; last=$word; done
              [ -n "$file" ] && [ "$1" != -t ] || exec "$real" "$@"
              if [ "$file" = - ]; then cat >"$text"; else cat "$file" >"$text"; fi
              grep -qF -- "$poison" "$text" && echo 'add rule ip kube-proxy-nowhere x accept' >>"$text"
              check=; [ "$1" = --check ] && check=--check
              exec 3<"$text"; rm -f "$text"; exec "$real" $check -f - <&3
              """
            : """
              first=yes file=-
              for word; do
                [ -z "$first" ] || set --
                first=
                case $word in /proc/*) file=$word ;; *) set -- "$@" "$word" ;; esac
              done
              cat "$file" >"$text"
              sed -i "/^-A KUBE-SERVICES.*$poison/a -A KUBE-SERVICES -j KUBE-NOWHERE" "$text"
              exec 3<"$text"; rm -f "$text"; exec "$real" "$@" <&3
              """;
        File.WriteAllText(_script, $"#!/bin/sh\nreal={_real} poison={address} text={options.Work}/text.$$\n{poisoned}\n");
        ChildProcess.Run("chmod", "", "+x", _script);
        PointTo(_real);
    }

    /// <summary>What goes to the front of PATH.</summary>
    public string Directory { get; }

    /// <summary>Refuses, or no longer.</summary>
    public void Refuse(bool isOn) => PointTo(isOn ? _script : _real);

    private void PointTo(string target)
    {
        string next = _link + ".next";
        File.Delete(next);
        File.CreateSymbolicLink(next, target);
        File.Move(next, _link, overwrite: true);
    }
}
