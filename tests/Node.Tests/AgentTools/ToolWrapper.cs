using System.Globalization;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>
/// Stands before the real tools in PATH and does with transactions what files in a directory ask for; everything else it
/// passes on. Each call of a transaction leaves a line in <c>calls</c>.
/// </summary>
internal sealed class ToolWrapper
{
    private static readonly string[] s_families = ["iptables", "ip6tables"];
    private static readonly string[] s_kinds = ["", "-save", "-restore"];

    private readonly string _control;

    /// <summary>Writes the wrappers.</summary>
    /// <param name="directory">Where to.</param>
    public ToolWrapper(string directory)
    {
        _control = Directory.CreateDirectory(Path.Combine(directory, "control")).FullName;
        Bin = Directory.CreateDirectory(Path.Combine(directory, "bin")).FullName;
        string script = Script.Replace("@CONTROL@", _control, StringComparison.Ordinal);
        IEnumerable<string> iptables =
            from family in s_families
            from variant in (string[])["-nft", "-legacy"]
            from kind in s_kinds
            select family + variant + kind;
        string[] paths = [.. iptables.Append("nft").Select(tool => Path.Combine(Bin, tool))];
        foreach (string path in paths)
        {
            File.WriteAllText(path, script);
        }

        ChildProcess.Run("chmod", "", ["+x", .. paths]);
    }

    /// <summary>The directory of the wrappers.</summary>
    public string Bin { get; }

    /// <summary>Number of transactions so far, trials included.</summary>
    public int Calls => File.Exists(At("calls")) ? File.ReadAllLines(At("calls")).Length : 0;

    /// <summary>Whether a transaction waits now.</summary>
    public bool IsHeld => File.Exists(At("held"));

    /// <summary>Lets the next transaction of a mode fail, or a signal kill its tool: fail-once or die-once.</summary>
    public void TroubleOnce(string mode, string what) => Create($"{what}-{Kind(mode)}");

    /// <summary>Lets all transactions fail, or no longer.</summary>
    public void Fail(bool isOn) => Switch("fail", isOn);

    /// <summary>Lets the transactions of a mode wait before they read anything, or no longer.</summary>
    public void Hold(string mode, bool isOn) => Switch("hold-" + Kind(mode), isOn);

    /// <summary>Lets the listings of iptables-save wait, as beside a program that commits all the time, or no longer.</summary>
    public void HoldListings(bool isOn) => Switch("hold-listings", isOn);

    /// <summary>
    /// Lets a transaction wait when that many bytes of it are read from standard input and, should it then end early, end
    /// between two lines: the worst moment. One that is a file waits before it is opened.
    /// </summary>
    public void ReadSlowly(int bytes) => File.WriteAllText(At("slowly"), bytes.ToString(CultureInfo.InvariantCulture));

    /// <summary>Lets the tool fail to open files in memory, as a security profile may.</summary>
    public void ForbidFiles(bool isOn) => Switch("forbid-files", isOn);

    /// <summary>
    /// Adds a command that the kernel refuses to every transaction that has a text, or one of several, each in a line of
    /// its own; null for none.
    /// </summary>
    public void Poison(string? text)
    {
        File.Delete(At("poison"));
        if (text is not null)
        {
            File.WriteAllText(At("poison.new"), text);
            File.Move(At("poison.new"), At("poison"));
        }
    }

    /// <summary>Whether the one failure that was asked for has happened.</summary>
    public bool IsDone(string mode, string what) => !File.Exists(At($"{what}-{Kind(mode)}"));

    /// <summary>The tool of a mode; the other one looks for rules to clean up.</summary>
    private static string Kind(string mode) => mode == "nftables" ? "nft" : "restore";

    private string At(string name) => Path.Combine(_control, name);

    private void Create(string name) => File.WriteAllText(At(name), "");

    private void Switch(string name, bool isOn)
    {
        if (isOn)
        {
            Create(name);
        }
        else
        {
            File.Delete(At(name));
        }
    }

    private const string Script = """
        #!/bin/sh
        control=@CONTROL@
        tool=${0##*/}
        real=/usr/sbin/$tool
        file=
        kind=nft
        case $tool in
          nft) for word; do [ "$last" = -f ] && file=$word; last=$word; done; [ "$1" = -t ] && file= ;;
          *-restore)
            kind=restore
            for word; do last=$word; done
            case $last in /proc/*) file=$last ;; *) file=- ;; esac
            ;;
        esac
        case $tool in *-save) while [ -e "$control/hold-listings" ]; do sleep 0.05; done ;; esac
        [ -n "$file" ] || exec "$real" "$@"
        echo "$tool $*" >>"$control/calls"

        if mv "$control/die-once-$kind" "$control/died" 2>/dev/null; then kill -KILL $$; fi
        if [ -e "$control/fail" ] || mv "$control/fail-once-$kind" "$control/failed" 2>/dev/null; then
          echo "Error: something went wrong inside" >&2
          exit 1
        fi
        slowly=
        if [ -e "$control/slowly" ] && [ "$file" = - ]; then
          slowly=$control/text.$$
          dd bs=4096 iflag=fullblock count=$(($(cat "$control/slowly") / 4096)) of="$slowly" 2>/dev/null
        fi
        if [ -e "$control/hold-$kind" ]; then
          : >"$control/held"
          while [ -e "$control/hold-$kind" ]; do sleep 0.05; done
          rm -f "$control/held"
        fi
        if [ -e "$control/forbid-files" ] && [ "$file" != - ]; then
          echo "internal:0:0-0: Error: Could not open file \"$file\": Permission denied" >&2
          exit 1
        fi
        if [ -n "$slowly" ]; then
          cat >>"$slowly"
          [ -z "$(tail -c 1 "$slowly")" ] || sed -i '$d' "$slowly"
          exec "$real" "$@" <"$slowly"
        fi
        if [ -e "$control/poison" ]; then
          text=$control/text.$$
          if [ "$file" = - ]; then cat >"$text"; else cat "$file" >"$text"; fi
          poison=$(cat "$control/poison")
          if [ "$tool" = nft ]; then
            if grep -qF -- "$poison" "$text"; then echo 'add rule ip kube-proxy-nowhere x accept' >>"$text"; fi
            check=; [ "$1" = --check ] && check=--check
            "$real" $check -f - <"$text"
          else
            for word in $poison; do
              sed -i "/^-A KUBE-SERVICES.*$word/a -A KUBE-SERVICES -j KUBE-NOWHERE" "$text"
            done
            first=yes
            for word; do
              [ -z "$first" ] || set --
              first=
              [ "$word" = "$file" ] || set -- "$@" "$word"
            done
            "$real" "$@" <"$text"
          fi
          code=$?
          rm -f "$text"
          exit $code
        fi
        exec "$real" "$@"
        """;
}
