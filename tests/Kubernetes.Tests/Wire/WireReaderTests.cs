using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

public sealed class WireReaderTests
{
    [Fact]
    public void EveryWireTypeButGroupsCanBeSkipped()
    {
        // Fields 1 (varint), 2 (eight bytes), 16 (bytes), 5 (four bytes), then 6 (varint) which is wanted.
        WireReader reader = new(Convert.FromHexString("08ff01" + "11" + "0102030405060708" + "820102aaaa" + "2d01020304" + "3005"));
        ulong wanted = 0;
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x30)
            {
                wanted = reader.ReadVarint();
            }
            else
            {
                reader.Skip(key);
            }
        }

        wanted.Should().Be(5);
    }

    [Theory]
    [InlineData("0b0c", "a group")]
    [InlineData("0a05aa", "a length beyond the end")]
    [InlineData("0affffffffffffffffff01", "a length beyond all memory")]
    [InlineData("08", "a number that is missing")]
    [InlineData("0880", "a number that is cut off")]
    [InlineData("08ffffffffffffffffffffff01", "a number of more than ten bytes")]
    [InlineData("0901", "eight bytes that are not there")]
    [InlineData("0d01", "four bytes that are not there")]
    [InlineData("00", "field number zero")]
    [InlineData("80", "a key that is cut off")]
    [InlineData("f8ffffffff7f00", "a field number beyond 32 bits")]
    public void BrokenMessagesAreRefused(string hex, string because)
    {
        Action act = () => SkipAll(Convert.FromHexString(hex));

        act.Should().Throw<WireException>(because);
    }

    [Fact]
    public void ANegativeNumberIsTenBytes()
    {
        WireReader reader = new(Convert.FromHexString("08ffffffffffffffffff01"));

        reader.TryReadKey(out uint key).Should().BeTrue();
        key.Should().Be(8);
        reader.ReadInt32().Should().Be(-1);
        reader.TryReadKey(out _).Should().BeFalse();
    }

    private static void SkipAll(byte[] message)
    {
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            reader.Skip(key);
        }
    }
}
