using System.Globalization;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Fields of the packet, of its connection and of what nft knows besides.</content>
internal sealed partial class NftTextExpressions
{
    private NftExpression? Part()
    {
        string word = Peek.Kind == NftTokenKind.Word ? Peek.Text : "";
        Position++;
        switch (word)
        {
            case "tcp" when IsNext("option"):
                Position++;
                string option = Take();
                return new NftExpression.Payload("tcp option", $"{option} {Take()}");
            case "ip" or "ip6" or "tcp" or "udp" or "udplite" or "sctp" or "dccp" or "th" or "icmp" or "icmpv6" or "igmp" or "ether" or "vlan" or "arp" or "esp" or "ah" or "comp":
                return new NftExpression.Payload(word, Take());
            case "meta":
                return new NftExpression.Meta(Take());
            case "mark" or "iif" or "oif" or "iifname" or "oifname" or "iifgroup" or "oifgroup" or "iiftype" or "oiftype" or "skuid" or "skgid":
                return new NftExpression.Meta(word);
            case "ct" when Peek.Text is "original" or "reply":
                string side = Take();
                string field = Take();
                return new NftExpression.Connection($"{side} {(field is "ip" or "ip6" ? $"{field} {Take()}" : field)}");
            case "ct":
                return new NftExpression.Connection(Take());
            case "fib":
                return Fib();
            case "numgen":
                return Numbers();
            case "jhash" or "symhash":
                return Hash();
            default:
                Position--;
                return null;
        }
    }

    /// <summary><c>fib saddr . iif type</c></summary>
    private NftExpression.Fib Fib()
    {
        string inputs = Take();
        while (Skip("."))
        {
            inputs += " . " + Take();
        }

        return new(inputs, Take());
    }

    /// <summary><c>jhash ip saddr . tcp sport mod 2 seed 0x1</c>: a number that is the same for the same packet, and equally likely.</summary>
    private NftExpression.Numbers? Hash()
    {
        while (!IsAtEnd && !IsNext("mod"))
        {
            Position++;
        }

        bool isRead = Skip("mod") & int.TryParse(Take(), NumberStyles.None, CultureInfo.InvariantCulture, out int modulus);
        if (Skip("seed"))
        {
            Take();
        }

        int offset = 0;
        if (Skip("offset"))
        {
            isRead &= int.TryParse(Take(), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
        }

        return isRead ? new("hash", modulus, offset) : null;
    }

    /// <summary><c>numgen random mod 3 offset 1</c></summary>
    private NftExpression.Numbers? Numbers()
    {
        string mode = Take();
        int offset = 0;
        bool isRead = Skip("mod") & int.TryParse(Take(), NumberStyles.None, CultureInfo.InvariantCulture, out int modulus);
        if (Skip("offset"))
        {
            isRead &= int.TryParse(Take(), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
        }

        return isRead ? new(mode, modulus, offset) : null;
    }
}
