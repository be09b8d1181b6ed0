using System.Globalization;
using KubeProxySharp.Bench;
using KubeProxySharp.Testing;

if (args is ["wire"])
{
    await WireBench.RunAsync(slices: 10_000, endpoints: 10, Console.Out);
    return 0;
}

if (args is ["addresses"])
{
    AddressBench.Run(Console.Out);
    return 0;
}

if (args is ["conntrack", string flows, string stale])
{
    ConntrackBench.Run(Number(flows), Number(stale), Console.Out);
    return 0;
}

if (args is ["write-rules", string directory, string serviceCount, string endpointCount])
{
    ReadingBench.Write(directory, Number(serviceCount), Number(endpointCount));
    return 0;
}

if (args is ["write-firewall", string firewallPath, string style, string ruleCount, .. var seeds])
{
    File.WriteAllLines(firewallPath, GeneratedFirewall.Lines(style, Number(ruleCount), seeds is [string seed] ? Number(seed) : 1));
    return 0;
}

if (args is ["read-rules", string path])
{
    ReadingBench.Run(path, Console.Out);
    return 0;
}

if (args is ["clean-up", string program, string server, string many])
{
    CleanUpBench.Run(program, server, Number(many), Console.Out);
    return 0;
}

if (args is ["batch", string batchServices, string batchEndpoints, string captureLibrary])
{
    BatchBench.Run(Number(batchServices), Number(batchEndpoints), Path.GetFullPath(captureLibrary), Console.Out);
    return 0;
}

if (args is ["counters", string countedServices, string countedEndpoints, string connections])
{
    CountersBench.Run(Number(countedServices), Number(countedEndpoints), Number(connections), Console.Out);
    return 0;
}

if (args is ["iptables-batch", string restoredServices, string restoredEndpoints, string restoreCapture])
{
    IptablesBatchBench.Run(Number(restoredServices), Number(restoredEndpoints), Path.GetFullPath(restoreCapture), Console.Out);
    return 0;
}

if (args is not ["nftables", .. string[] sizes] || sizes.Length % 2 != 0)
{
    Console.Error.WriteLine("usage: nftables SERVICES ENDPOINTS [SERVICES ENDPOINTS]...");
    Console.Error.WriteLine("       batch SERVICES ENDPOINTS CAPTURE-LIBRARY");
    Console.Error.WriteLine("       iptables-batch SERVICES ENDPOINTS CAPTURE-LIBRARY");
    Console.Error.WriteLine("       counters SERVICES ENDPOINTS CONNECTIONS");
    Console.Error.WriteLine("       wire");
    Console.Error.WriteLine("       addresses");
    Console.Error.WriteLine("       conntrack FLOWS STALE");
    Console.Error.WriteLine("       write-rules DIRECTORY SERVICES ENDPOINTS");
    Console.Error.WriteLine("       read-rules FILE");
    Console.Error.WriteLine("       clean-up PROGRAM FAKE-API-SERVER STALE");
    return 2;
}

NftablesBench.WriteHead(Console.Out);
for (int index = 0; index < sizes.Length; index += 2)
{
    NftablesBench.Run(Number(sizes[index]), Number(sizes[index + 1]), Console.Out);
}

return 0;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
