using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Text;

namespace KubeProxySharp.RuleModel.Tests.Text;

public sealed class Utf8TextWriterTests
{
    /// <summary>Writes far more than any buffer holds: whatever needs new room must not lose or repeat what came before.</summary>
    [Fact]
    public void NothingIsLostWhenBuffersChange()
    {
        ArrayBufferWriter<byte> output = new();
        StringBuilder expected = new();
        Utf8TextWriter writer = new(output);
        IpAddress address = IpAddress.Parse("fd00::1");
        EndpointAddress endpoint = new(IpAddress.Parse("10.0.0.1"), 80);
        for (int number = 0; number < 20000; number++)
        {
            writer.Write("-A "u8);
            writer.Write("KUBE");
            writer.WriteAscii((byte)' ');
            writer.Write(number);
            writer.WriteHex((uint)number);
            writer.Write(address);
            writer.WriteAsListed(address);
            writer.Write(endpoint);
            writer.WriteAsListed(endpoint);
            expected.Append("-A KUBE ").Append(number).Append("0x").Append(number.ToString("x")).Append("fd00::1fd00::110.0.0.1:8010.0.0.1:80");
        }

        writer.Flush();

        Encoding.UTF8.GetString(output.WrittenSpan).Should().Be(expected.ToString());
    }

    [Fact]
    public void HexCanBePadded()
    {
        ArrayBufferWriter<byte> output = new();
        Utf8TextWriter writer = new(output);

        writer.WriteHex(0x4000);
        writer.WriteAscii((byte)' ');
        writer.WriteHex(0x4000, 8);
        writer.Flush();

        Encoding.UTF8.GetString(output.WrittenSpan).Should().Be("0x4000 0x00004000");
    }
}
