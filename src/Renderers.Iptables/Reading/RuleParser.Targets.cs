using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <content>Targets.</content>
internal sealed partial class RuleParser
{
    private void Target(string target, bool isGoto, List<string> words)
    {
        TargetOptions options = new(words);
        RuleStep? step = target switch
        {
            "ACCEPT" when options.IsEmpty => new RuleStep.Verdict(WalkVerdict.Accept),
            "DROP" when options.IsEmpty => new RuleStep.Verdict(WalkVerdict.Drop),
            "RETURN" when options.IsEmpty => new RuleStep.Verdict(WalkVerdict.Return),
            "REJECT" when options.Are("--reject-with") => new RuleStep.Reject(options.Value("--reject-with")),
            "LOG" or "NFLOG" or "ULOG" or "TRACE" => new RuleStep.NoEffect(target),

            "SET" when options.Has("--add-set") || options.Has("--del-set") => new RuleStep.ChangeSet(Rest(target, words)),

            // The mark that the entry of a set has (skbinfo) becomes that of the packet.
            "SET" when options.Has("--map-mark") => new RuleStep.UnknownStatement(Rest(target, words)),

            // They change fields that no rule of a packet's path is decided by, or copy the packet: iptables-extensions(8).
            "TEE" or "TTL" or "HL" or "DSCP" or "TOS" or "CLASSIFY" or "CHECKSUM" or "TCPMSS" or "TCPOPTSTRIP" or "ECN" or "SET" or "AUDIT" or "SECMARK"
                or "CONNSECMARK" or "IDLETIMER" or "LED" or "RATEEST" => options.IsEmpty ? null : new RuleStep.NoEffect(Rest(target, words)),
            "MARK" => Mark(options),
            "CONNMARK" => ConnectionMark(options),
            "NOTRACK" when options.IsEmpty => new RuleStep.NoTracking(),
            "CT" => options.Are("--notrack") && options.Has("--notrack") ? new RuleStep.NoTracking()
                : options.Are("--helper", "--ctevents", "--expevents", "--timeout", "--zone", "--zone-orig", "--zone-reply") && !options.IsEmpty ? new RuleStep.TrackingTemplate(Rest(target, words), AlsoUntracked: false)
                : null,
            "NFQUEUE" or "QUEUE" => new RuleStep.UnknownStatement(Rest(target, words)) { DependsOn = "a program that reads the queue and decides" },
            "TPROXY" => new RuleStep.UnknownStatement(Rest(target, words)) { DependsOn = "a transparent proxy on this node, if one listens; else it is dropped" },
            _ => Translation(target, options),
        };

        // With options it is an unknown target extension; a jump to a chain has none.
        _steps.Add(step ?? (options.IsEmpty && !IsExtension(target) ? new RuleStep.Jump(target, isGoto) : new RuleStep.UnknownStatement(Rest(target, words))));
    }

    /// <summary>Targets whose names no chain can have.</summary>
    private static bool IsExtension(string target) => target is "MARK" or "CONNMARK" or "CT" or "DNAT" or "SNAT" or "NETMAP" or "SYNPROXY" or "TPROXY";

    /// <summary>net/netfilter/xt_mark.c: mark := (mark AND NOT mask) XOR value. The options differ in how they give both.</summary>
    private static RuleStep.SetMark? Mark(TargetOptions options) =>
        options.Are("--set-xmark", "--set-mark", "--and-mark", "--or-mark", "--xor-mark") && TryMark(options, out uint and, out uint xor) ? new RuleStep.SetMark(and, xor) : null;

    private static RuleStep? ConnectionMark(TargetOptions options)
    {
        if (options.Has("--save-mark") || options.Has("--restore-mark"))
        {
            bool isSaved = options.Has("--save-mark");
            uint packet = uint.MaxValue;
            uint connection = uint.MaxValue;
            bool isRead = options.Are("--save-mark", "--restore-mark", "--nfmask", "--ctmask", "--mask")
                && (!options.Has("--nfmask") || TryNumber(options.Value("--nfmask"), out packet))
                && (!options.Has("--ctmask") || TryNumber(options.Value("--ctmask"), out connection));
            if (options.Has("--mask"))
            {
                isRead &= TryNumber(options.Value("--mask"), out packet);
                connection = packet;
            }

            return !isRead ? null : isSaved ? new RuleStep.SaveMark(connection, packet) : new RuleStep.RestoreMark(packet, connection);
        }

        return options.Are("--set-xmark", "--set-mark", "--and-mark", "--or-mark", "--xor-mark") && TryMark(options, out uint and, out uint xor)
            ? new RuleStep.SetConnectionMark(and, xor)
            : null;
    }

    private static bool TryMark(TargetOptions options, out uint and, out uint xor)
    {
        and = 0;
        xor = 0;
        if (options.Has("--set-xmark"))
        {
            bool isRead = TryMasked(options.Value("--set-xmark"), out xor, out uint mask);
            and = ~mask;
            return isRead;
        }

        if (options.Has("--set-mark"))
        {
            // Bits of the value outside of the mask are set too.
            bool isRead = TryMasked(options.Value("--set-mark"), out xor, out uint mask);
            and = ~(mask | xor);
            return isRead;
        }

        string bits = options.Value("--and-mark") + options.Value("--or-mark") + options.Value("--xor-mark");
        if (!TryNumber(bits, out uint number))
        {
            return false;
        }

        (and, xor) = options.Has("--and-mark") ? (number, 0u) : options.Has("--or-mark") ? (~number, number) : (uint.MaxValue, number);
        return true;
    }

    private static string Rest(string target, List<string> words) => string.Join(' ', words.Prepend(target));
}

/// <summary>The options of a target.</summary>
/// <param name="tokens">The tokens after the name of the target.</param>
internal sealed class TargetOptions(List<string> tokens)
{
    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => tokens.Count == 0;

    /// <summary>Whether an option is given.</summary>
    public bool Has(string option) => tokens.Contains(option);

    /// <summary>The value of an option; empty if it is not given or has none.</summary>
    public string Value(string option)
    {
        int index = tokens.IndexOf(option);
        return index < 0 || index + 1 >= tokens.Count || tokens[index + 1].StartsWith("--", StringComparison.Ordinal) ? "" : tokens[index + 1];
    }

    /// <summary>Whether no other options than these are given.</summary>
    public bool Are(params ReadOnlySpan<string> known)
    {
        foreach (string token in tokens)
        {
            if (token.StartsWith("--", StringComparison.Ordinal) && !known.Contains(token))
            {
                return false;
            }
        }

        return true;
    }
}
