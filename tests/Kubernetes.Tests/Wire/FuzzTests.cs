using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>Damaged bodies give events, a refusal or a lost connection, never anything else, and never much memory.</summary>
public sealed class FuzzTests
{
    private const int RoundsPerBody = 150;
    private const long MaxAllocation = 4 * 1024 * 1024;

    [Fact]
    public async Task DamagedBodiesAreRefusedInOneWay()
    {
        Random random = new(20261120);
        int refused = 0;
        foreach (string path in RecordedBodies.Protobuf())
        {
            byte[] body = File.ReadAllBytes(path);
            for (int round = 0; body.Length != 0 && round < RoundsPerBody; round++)
            {
                byte[] damaged = Damage(body, random);
                refused += await IsRefused(damaged, path, round % 2 == 0) ? 1 : 0;
            }
        }

        refused.Should().BeGreaterThan(1000);
    }

    [Fact]
    public async Task DamagedJsonIsRefusedInTheSameWay()
    {
        Random random = new(20261121);
        int refused = 0;
        foreach (string name in new[] { "services/list.json", "endpointslices/list.json" })
        {
            byte[] body = RecordedBodies.Body(name);
            for (int round = 0; round < RoundsPerBody; round++)
            {
                refused += await IsRefused(() => Streams.Read(ApiResources.Services, Damage(body, random), WireFormat.Json, isWatch: false)) ? 1 : 0;
            }
        }

        refused.Should().BeGreaterThan(50);
    }

    private static byte[] Damage(byte[] body, Random random)
    {
        byte[] damaged = body[..(random.Next(3) == 0 ? random.Next(body.Length) : body.Length)];
        for (int change = random.Next(8); change > 0 && damaged.Length != 0; change--)
        {
            int place = random.Next(damaged.Length);
            damaged[place] = random.Next(3) switch
            {
                0 => 0xff,
                1 => (byte)random.Next(256),
                _ => (byte)(damaged[place] ^ (1 << random.Next(8))),
            };
        }

        return damaged;
    }

    private static async Task<bool> IsRefused(byte[] body, string path, bool asWatch)
    {
        bool isRefused = path switch
        {
            _ when path.Contains("/nodes/", StringComparison.Ordinal) => await IsRefused(() => Streams.Read(ApiResources.Node("node-a"), body, WireFormat.Protobuf, asWatch)),
            _ when path.Contains("/endpointslices/", StringComparison.Ordinal) => await IsRefused(() => Streams.Read(ApiResources.EndpointSlices, body, WireFormat.Protobuf, asWatch)),
            _ when path.Contains("/servicecidrs/", StringComparison.Ordinal) => await IsRefused(() => Streams.Read(ApiResources.ServiceCidrs, body, WireFormat.Protobuf, asWatch)),
            _ => await IsRefused(() => Streams.Read(ApiResources.Services, body, WireFormat.Protobuf, asWatch)),
        };
        _ = ErrorReader.Parse(body, WireFormat.Protobuf);
        return isRefused;
    }

    private static async Task<bool> IsRefused(Func<Task> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isRefused = false;
        try
        {
            await read();
        }
        catch (Exception e) when (e is WireException or EndOfStreamException)
        {
            isRefused = true;
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(MaxAllocation);
        return isRefused;
    }
}
