using System.Globalization;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Conntrack;

/// <summary>Puts flows of many kinds into the conntrack table of the current namespace, with the conntrack tool.</summary>
internal static class MixedTable
{
    public const int Count = 13;

    public static void Fill()
    {
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -m 7");
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 1001 --dport 80 --state SYN_SENT -u UNSET");
        Insert("-s 10.0.0.1 -d 10.96.0.10 -p udp --sport 2000 --dport 53 -g 10.244.1.5:5353 -u SEEN_REPLY");
        Insert("-s 10.0.0.1 -d 10.0.0.9 -p udp --sport 2001 --dport 53 -n 192.0.2.10 -u SEEN_REPLY -m 64");
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p udp --sport 2002 --dport 53 -w 5");
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p udp --sport 2002 --dport 53 --orig-zone 6");
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p udp --sport 2003 --dport 53 --reply-zone 7");
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p sctp --sport 3000 --dport 9 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2");
        Insert("-s 10.0.0.1 -d 10.0.0.2 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77");
        Insert("-s fd00::1 -d fd00::2 -p tcp --sport 1000 --dport 80 --state TIME_WAIT");
        Insert("-s fd00::1 -d fd00::2 -p udp --sport 1000 --dport 53 -m 4294967295");
        Insert("-s fd00::1 -d fd00::2 -p sctp --sport 1000 --dport 9 --state COOKIE_WAIT --orig-vtag 1 --reply-vtag 2");
        Insert("-s fd00::1 -d fd00::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 78");
    }

    /// <summary>Inserts many UDP flows to one destination, each from another port and address.</summary>
    public static void FillUdp(string destination, string replySource, int count)
    {
        // The tool's own format of "conntrack -R -" takes one flow per line.
        System.Text.StringBuilder lines = new();
        (string address, string port) = (destination.Split(':')[0], destination.Split(':')[1]);
        (string replyAddress, string replyPort) = (replySource.Split(':')[0], replySource.Split(':')[1]);
        for (int number = 0; number < count; number++)
        {
            string source = string.Create(CultureInfo.InvariantCulture, $"172.16.{number / 250 % 250}.{1 + (number % 250)}");
            int sourcePort = 1024 + (number % 60000);
            lines.Append(CultureInfo.InvariantCulture, $"-A -t 600 -u SEEN_REPLY -s {source} -d {address} -r {replyAddress} -q {source} -p udp --sport {sourcePort} --dport {port} --reply-port-src {replyPort} --reply-port-dst {sourcePort}\n");
        }

        ChildProcess.Run("conntrack", lines.ToString(), "-R", "-");
    }

    private static void Insert(string words) => ChildProcess.Run("conntrack", "", ["-I", "-t", "600", .. words.Split(' ')]);
}
