using System.Buffers.Text;
using System.Globalization;
using System.Text;
using KubeProxySharp.Conntrack.Flows;

namespace KubeProxySharp.Conntrack.Text;

/// <summary>A parsed line of <c>conntrack -L</c> (snprintf_default.c of libnetfilter_conntrack).</summary>
internal struct FlowLine
{
    private DirectionFields _original;
    private DirectionFields _reply;
    private byte _protocol;
    private uint _timeout;
    private ConntrackStatus _status;
    private TcpState _tcpState;
    private SctpState _sctpState;
    private uint _mark;
    private uint _id;
    private ushort _zone;
    private ZoneScope _zoneScope;
    private ulong _start;

    /// <summary>Parses a line.</summary>
    /// <returns>The problem, or null.</returns>
    public string? Read(ReadOnlySpan<byte> line)
    {
        _status = ConntrackStatus.Confirmed | ConntrackStatus.SeenReply;
        ReadOnlySpan<byte> rest = line;
        if (ReadHead(ref rest) is { } problem)
        {
            return problem;
        }

        for (ReadOnlySpan<byte> word = NextWord(ref rest); !word.IsEmpty; word = NextWord(ref rest))
        {
            if (!ReadWord(word, ref rest))
            {
                return $"\"{Encoding.ASCII.GetString(word)}\" cannot be read";
            }
        }

        return !_original.IsComplete || !_reply.IsComplete ? "it lacks a source or destination of one of its directions"
            : _original.Family != _reply.Family ? "its directions are of different families"
            : null;
    }

    /// <summary>The flow. The text has no NAT status bits: they are derived from the directions.</summary>
    public readonly ConntrackEntry ToEntry()
    {
        ConntrackTuple original = _original.ToTuple(_protocol);
        ConntrackTuple reply = _reply.ToTuple(_protocol);
        ConntrackStatus nat = ConntrackStatus.None;
        if (reply.Source != original.Destination || (!original.IsIcmp && reply.SourcePort != original.DestinationPort))
        {
            nat |= ConntrackStatus.DestinationNat;
        }

        if (reply.Destination != original.Source || (!original.IsIcmp && reply.DestinationPort != original.SourcePort))
        {
            nat |= ConntrackStatus.SourceNat;
        }

        return new ConntrackEntry
        {
            Original = original,
            Reply = reply,
            Status = _status | nat,
            TimeoutSeconds = _timeout,
            Mark = _mark,
            Id = _id,
            Zone = _zone,
            ZoneScope = _zoneScope,
            OriginalCounters = _original.Counters,
            ReplyCounters = _reply.Counters,
            TcpState = _tcpState,
            SctpState = _sctpState,
            StartNanoseconds = _start,
        };
    }

    private static ReadOnlySpan<byte> NextWord(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)' ');
        int end = rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, ulong maximum, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int length) && length == text.Length && value <= maximum;

    /// <summary>Parses "ipv4 2 udp 17 29": the first two fields only with <c>-o extended</c>, no time-out for offloaded flows.</summary>
    private string? ReadHead(ref ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<byte> name = NextWord(ref rest);
        if (name.SequenceEqual("ipv4"u8) || name.SequenceEqual("ipv6"u8))
        {
            NextWord(ref rest);
            NextWord(ref rest);
        }

        if (!TryNumber(NextWord(ref rest), byte.MaxValue, out ulong protocol))
        {
            return "it does not begin with a protocol and its number";
        }

        _protocol = (byte)protocol;
        ReadOnlySpan<byte> afterTimeout = rest;
        if (TryNumber(NextWord(ref afterTimeout), uint.MaxValue, out ulong timeout))
        {
            _timeout = (uint)timeout;
            rest = afterTimeout;
        }

        return null;
    }

    private bool ReadWord(scoped ReadOnlySpan<byte> word, ref ReadOnlySpan<byte> rest)
    {
        if (word.StartsWith("[start="u8))
        {
            return ReadStart(word["[start="u8.Length..], ref rest);
        }

        int equals = word.IndexOf((byte)'=');
        if (equals < 0)
        {
            return word[0] == (byte)'[' ? ReadFlag(word) : ReadState(word);
        }

        ReadOnlySpan<byte> key = word[..equals];
        ReadOnlySpan<byte> value = word[(equals + 1)..];
        if (_original.Wants(key))
        {
            return _original.TryRead(key, value);
        }

        return _reply.Wants(key) ? _reply.TryRead(key, value) : ReadField(key, value);
    }

    private bool ReadFlag(ReadOnlySpan<byte> flag)
    {
        if (flag.SequenceEqual("[UNREPLIED]"u8))
        {
            _status &= ~ConntrackStatus.SeenReply;
        }
        else if (flag.SequenceEqual("[ASSURED]"u8))
        {
            _status |= ConntrackStatus.Assured;
        }
        else if (flag.SequenceEqual("[OFFLOAD]"u8))
        {
            _status |= ConntrackStatus.Offload;
        }
        else if (flag.SequenceEqual("[HW_OFFLOAD]"u8))
        {
            _status |= ConntrackStatus.HardwareOffload;
        }

        return true;
    }

    /// <summary>Parses the state in capitals after the time-out; it is skipped for a protocol without states.</summary>
    private bool ReadState(ReadOnlySpan<byte> word)
    {
        int index = _protocol switch
        {
            6 => StateNames.Tcp(word),
            132 => StateNames.Sctp(word),
            _ => 0,
        };
        _tcpState = _protocol == 6 ? (TcpState)index : TcpState.None;
        _sctpState = _protocol == 132 ? (SctpState)index : SctpState.None;
        return index >= 0;
    }

    private bool ReadField(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ZoneScope? scope = key.SequenceEqual("zone"u8) ? ZoneScope.Both
            : key.SequenceEqual("zone-orig"u8) ? ZoneScope.Original
            : key.SequenceEqual("zone-reply"u8) ? ZoneScope.Reply
            : null;
        if (scope is { } zoneScope)
        {
            bool isZone = TryNumber(value, ushort.MaxValue, out ulong zone);
            (_zone, _zoneScope) = ((ushort)zone, zoneScope);
            return isZone;
        }

        if (key.SequenceEqual("mark"u8))
        {
            bool isMark = TryNumber(value, uint.MaxValue, out ulong mark);
            _mark = (uint)mark;
            return isMark;
        }

        if (key.SequenceEqual("id"u8))
        {
            bool isId = TryNumber(value, uint.MaxValue, out ulong id);
            _id = (uint)id;
            return isId;
        }

        // use=, secctx=, helper=, labels= and fields of later versions.
        return true;
    }

    /// <summary>Parses "[start=Fri Nov 20 21:00:00 2026]", which contains blanks.</summary>
    private bool ReadStart(scoped ReadOnlySpan<byte> first, ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)']');
        if (end is < 0 or > 64)
        {
            return false;
        }

        string text = Encoding.ASCII.GetString(first) + Encoding.ASCII.GetString(rest[..end]);
        rest = rest[(end + 1)..];
        const DateTimeStyles Styles = DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal;
        bool isTime = DateTimeOffset.TryParseExact(text, "ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture, Styles, out DateTimeOffset time);
        if (isTime && time > DateTimeOffset.UnixEpoch)
        {
            _start = (ulong)((time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);
        }

        return isTime;
    }
}
