using System.Text;
using KubeProxySharp.Conntrack.Flows;

namespace KubeProxySharp.Conntrack.Text;

/// <summary>The state names of <c>conntrack -L</c>, in the order of the kernel's numbers (libnetfilter_conntrack, snprintf_default.c).</summary>
internal static class StateNames
{
    private static readonly string[] s_tcp =
        ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"];

    private static readonly string[] s_sctp =
    [
        "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
        "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
    ];

    /// <summary>The number of a TCP state; -1 if there is none of that name.</summary>
    public static int Tcp(ReadOnlySpan<byte> word) => Find(s_tcp, word);

    /// <summary>The number of an SCTP state; -1 if there is none of that name.</summary>
    public static int Sctp(ReadOnlySpan<byte> word) => Find(s_sctp, word);

    /// <summary>The name of a state; NONE for one that is not known.</summary>
    public static string Of(TcpState state) => (int)state < s_tcp.Length ? s_tcp[(int)state] : s_tcp[0];

    /// <summary>The name of a state; NONE for one that is not known.</summary>
    public static string Of(SctpState state) => (int)state < s_sctp.Length ? s_sctp[(int)state] : s_sctp[0];

    private static int Find(string[] names, ReadOnlySpan<byte> word)
    {
        for (int index = 0; index < names.Length; index++)
        {
            if (Ascii.Equals(word, names[index]))
            {
                return index;
            }
        }

        return -1;
    }
}
